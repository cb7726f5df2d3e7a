import { readFileSync } from 'node:fs';

/** The most memory that a process took while it was watched. */
export interface PeakMemory {
  /** Everything resident, pages of mapped files too (`VmHWM`). */
  peakRssBytes: number;
  /** Memory that no file backs (`Anonymous` of smaps_rollup), in samples of a tenth of a second. */
  peakAnonymousBytes: number;
}

const sampleMs = 100;

/** Watches a process until stopped. Linux only: elsewhere both figures stay 0. */
export function watchMemory(pid: number | undefined): { stop(): PeakMemory } {
  const peak: PeakMemory = { peakRssBytes: 0, peakAnonymousBytes: 0 };
  const sample = () => {
    peak.peakRssBytes = Math.max(peak.peakRssBytes, kilobytes(`/proc/${pid}/status`, 'VmHWM') * 1024);
    peak.peakAnonymousBytes = Math.max(
      peak.peakAnonymousBytes,
      kilobytes(`/proc/${pid}/smaps_rollup`, 'Anonymous') * 1024,
    );
  };
  const timer = setInterval(sample, sampleMs);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

function kilobytes(path: string, field: string): number {
  try {
    const line = readFileSync(path, 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
    return Number(line?.[1] ?? 0);
  } catch {
    return 0; // the process has ended, or this is not Linux
  }
}
