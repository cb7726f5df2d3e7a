/** numpy `linspace`: `count` values from `start` to `stop`, both included; of one value, `start`. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return start;
    return index === count - 1 ? stop : index * step + start;
  });
}

/** numpy `interp` with the knots at 0, 1, 2, …: linear between `values`, level beyond both ends. */
export function interpolate(position: number, values: ArrayLike<number>): number {
  const last = values.length - 1;
  if (position <= 0) return values[0]!;
  if (position >= last) return values[last]!;
  const index = Math.floor(position);
  const low = values[index]!;
  return (values[index + 1]! - low) * (position - index) + low;
}
