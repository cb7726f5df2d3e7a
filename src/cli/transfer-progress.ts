import { SingleBar } from 'cli-progress';
import { foregroundClock } from '../util/clock.ts';
import { formatBytes } from '../util/format-bytes.ts';
import type { RetryOptions } from '../util/retry.ts';
import type { CliStream } from './io.ts';

/** Shows a transfer to whoever watches: a bar on a terminal, plain lines elsewhere. */
export interface TransferProgress {
  update(progress: { path: string; receivedBytes: number; totalBytes: number }): void;
  /** A sentence that stays, above the bar. */
  note(sentence: string): void;
  /** Ends the bar and gives the terminal back. */
  stop(): void;
}

/** Without a terminal, a line is written for each file and then every so often. */
const lineEveryMs = 10_000;

/** `now` in milliseconds. */
export function createTransferProgress(stream: CliStream, now: () => number): TransferProgress {
  return stream.isTTY ? barProgress(stream, now) : lineProgress(stream, now);
}

function barProgress(stream: CliStream, now: () => number): TransferProgress {
  const meter = createTransferMeter(now);
  let bar: SingleBar | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update({ path, receivedBytes, totalBytes }) {
      const text = describe(meter.update(receivedBytes), { receivedBytes, totalBytes });
      if (bar === undefined) {
        bar = new SingleBar({
          stream,
          format: '{bar} {percentage} % {text} {path}',
          barsize: 24,
          barCompleteChar: '█',
          barIncompleteChar: '░',
          hideCursor: true,
          // Kinora's own handler ends the transfer cleanly.
          gracefulExit: false,
          // The library's own way to write lines in between would leave half a bar behind.
          fps: 5,
        });
        bar.start(totalBytes, receivedBytes, { text, path });
      }
      bar.update(receivedBytes, { text, path });
    },
    note(sentence) {
      // The next update draws the bar again, below.
      stop();
      stream.write(`${sentence}\n`);
    },
    stop,
  };
}

function lineProgress(stream: CliStream, now: () => number): TransferProgress {
  const meter = createTransferMeter(now);
  let shown = { path: '', atMs: Number.NEGATIVE_INFINITY };
  return {
    update({ path, receivedBytes, totalBytes }) {
      const rate = meter.update(receivedBytes);
      if (path === shown.path && now() - shown.atMs < lineEveryMs) return;
      shown = { path, atMs: now() };
      const percent = Math.floor((receivedBytes / Math.max(totalBytes, 1)) * 100);
      stream.write(`${percent} % ${describe(rate, { receivedBytes, totalBytes })} ${path}\n`);
    },
    note: (sentence) => void stream.write(`${sentence}\n`),
    stop: () => {},
  };
}

function describe(
  rate: number | undefined,
  { receivedBytes, totalBytes }: Record<'receivedBytes' | 'totalBytes', number>,
) {
  const amount = `${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`;
  if (rate === undefined) return amount;
  const left = rate > 0 ? `${formatDuration((totalBytes - receivedBytes) / rate)} left` : 'waiting';
  return `${amount}, ${formatBytes(rate)}/s, ${left}`;
}

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

/** Without a byte for so long, a connection counts as cut. */
export const idleTimeoutMs = 30_000;

/** Five further attempts within about a minute; a transfer that moved on in between starts counting anew. */
export const downloadRetry = {
  policy: { firstMs: 1_000, factor: 2.5, maxMs: 30_000, tries: 6 },
  clock: foregroundClock,
} as const satisfies Pick<RetryOptions, 'policy' | 'clock'>;
