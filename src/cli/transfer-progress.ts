import { SingleBar } from 'cli-progress';
import { formatBytes } from '../util/format-bytes.ts';
import type { CliStream } from './io.ts';
import { createTransferMeter, formatDuration } from './transfer-meter.ts';

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
