/** Rate and time left of a transfer, from its last seconds. */
export interface TransferMeter {
  /** Takes the count of bytes that are there by now and gives the rate; undefined until it can be told. */
  update(receivedBytes: number): number | undefined;
}

const windowMs = 15_000;
const shortestMs = 1_000;

/** `now` in milliseconds. Bytes that an earlier run left count for nothing: the first update is the start. */
export function createTransferMeter(now: () => number): TransferMeter {
  let samples: { atMs: number; bytes: number }[] = [];
  return {
    update(bytes) {
      const atMs = now();
      const last = samples.at(-1);
      // A server that starts a file again takes bytes away: measure anew.
      if (last !== undefined && bytes < last.bytes) samples = [];
      // Thousands of chunks come per second; ten samples per second say as much.
      if (last === undefined || atMs - last.atMs >= 100) samples.push({ atMs, bytes });
      samples = samples.filter((sample) => atMs - sample.atMs <= windowMs);
      const first = samples[0];
      if (first === undefined || atMs - first.atMs < shortestMs) return undefined;
      return ((bytes - first.bytes) / (atMs - first.atMs)) * 1000;
    },
  };
}

/** A time to wait for people: `45 s`, `12 min`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
