/** How long first answers took, in milliseconds. */
export interface Latencies {
  median: number;
  p99: number;
  count: number;
  /** A line for each that took as long as the limit or longer. */
  slow: string[];
}

/** Notes how long first answers take. */
export function createLatencies() {
  const startedMs = Date.now();
  const noted: { latencyMs: number; door: string; atMs: number }[] = [];
  return {
    note: (door: string, latencyMs: number) => void noted.push({ latencyMs, door, atMs: Date.now() - startedMs }),
    count: () => noted.length,
    summary(limitMs: number): Latencies {
      const sorted = noted.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
      const slow = noted.filter(({ latencyMs }) => latencyMs >= limitMs);
      return {
        median: at(0.5),
        p99: at(0.99),
        count: noted.length,
        slow: slow.map(({ latencyMs, door, atMs }) => `${latencyMs} ms: ${door}, after ${(atMs / 1000).toFixed(1)} s`),
      };
    },
  };
}
