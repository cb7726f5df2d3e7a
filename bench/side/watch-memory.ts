import { readFileSync } from 'node:fs';

/** The most memory that a process took while it was watched. */
export interface PeakMemory {
  /** Everything resident, pages of mapped files too (`VmHWM`). */
  peakRssBytes: number;
  /** Memory that no file backs (`RssAnon`), in samples of a tenth of a second. */
  peakAnonymousBytes: number;
}

const sampleMs = 100;

/**
 * Watches a process until stopped. The kernel keeps both figures as counters: smaps_rollup would walk every page each
 * time, and slow down what is measured. Linux only: elsewhere both stay 0.
 */
export function watchMemory(pid: number | undefined): { stop(): PeakMemory } {
  const peak: PeakMemory = { peakRssBytes: 0, peakAnonymousBytes: 0 };
  const timer = setInterval(() => {
    const status = readStatus(pid);
    peak.peakRssBytes = Math.max(peak.peakRssBytes, bytesOf(status, 'VmHWM'));
    peak.peakAnonymousBytes = Math.max(peak.peakAnonymousBytes, bytesOf(status, 'RssAnon'));
  }, sampleMs);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

function readStatus(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return ''; // the process has ended, or this is not Linux
  }
}

function bytesOf(status: string, field: string): number {
  const line = status.match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
  return Number(line?.[1] ?? 0) * 1024;
}
