/** How evenly something is shared: 1 where everybody has the same, 1/n where one of n has it all (Jain's index). */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((before, value) => before + value, 0);
  const squares = values.reduce((before, value) => before + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

/** Counts events, and the most of them in any second. */
export function createRateMeter() {
  const lately: number[] = [];
  let count = 0;
  let peak = 0;
  return {
    add(atMs: number): void {
      count++;
      lately.push(atMs);
      while ((lately[0] ?? atMs) <= atMs - 1_000) lately.shift();
      peak = Math.max(peak, lately.length);
    },
    count: () => count,
    peak: () => peak,
  };
}
