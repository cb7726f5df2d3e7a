import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import type { PreviewOptions } from '../inference/pipeline/preview.ts';
import type { encodePreview } from '../media/encode-webp.ts';
import { drawPreview, type PreviewJob } from './draw-preview.ts';
import type { PreviewAnswer, PreviewRequest } from './preview-thread.ts';
import { isUnsafe, type SafetyRule } from './render-tools.ts';
import { startThread } from './runnable-entry.ts';

/** How previews reach whoever looks on. */
export interface PreviewDelivery {
  /** At most one in so many seconds; 0: each that is due. */
  everySeconds: number;
  /** Takes an animated WebP of all frames. */
  hand: (bytes: Uint8Array) => void;
}

/** What previews of one clip are made with. */
interface PreviewedClip extends Omit<PreviewJob, 'guess'> {
  /** Looks at each preview before anybody sees it; one that it refuses is left out. */
  safety: SafetyRule | undefined;
  /** Encodes what was looked at; the thread has its own. */
  encode: typeof encodePreview;
  signal: AbortSignal | undefined;
  log: (message: string) => void;
}

/**
 * Guesses of a running pipeline as small files. The step is only held up while a guess is copied: colours, enlargement and
 * encoding are another thread's, while the model takes its next step. A file that is finished when a newer one was begun,
 * or when the clip was cancelled, is dropped.
 *
 * Where a classifier looks first, the step waits for it: its session is the render thread's. Node aborts a process that exits
 * while another thread runs ONNX Runtime.
 */
export function previewFiles(
  { everySeconds, hand }: PreviewDelivery,
  { safety, encode, signal, log, ...how }: PreviewedClip,
): PreviewOptions {
  let latest = 0;
  if (safety === undefined) previewThread();
  return {
    everySeconds,
    async hand(guess) {
      const job = { guess, ...how };
      latest += 1;
      const number = latest;
      const take = ({ bytes, problem }: PreviewAnswer) => {
        if (problem !== undefined) log(`A preview could not be written: ${problem}`);
        if (bytes !== undefined && number === latest && signal?.aborted !== true) hand(bytes);
      };
      if (safety === undefined) {
        let isAnswered = false;
        const answers = beginPreview(job);
        answers.once('message', (answer: PreviewAnswer) => {
          isAnswered = true;
          take(answer);
        });
        answers.once('close', () => isAnswered || take({ problem: 'its thread ended' }));
        answers.unref();
        return;
      }
      const clip = drawPreview(job);
      // Frames may not be shown before they were looked at, here least of all.
      if (await isUnsafe(clip, safety, signal)) return;
      void encode(clip, job.fps).then(
        (bytes) => take(bytes === undefined ? {} : { bytes }),
        (error) => take({ problem: error instanceof Error ? error.message : String(error) }),
      );
    },
  };
}

const isSource = import.meta.url.endsWith('.ts');
const threadFile = new URL(isSource ? './preview-thread.ts' : './preview-thread.js', import.meta.url);

/** One for the whole process, idle between previews. */
let thread: Worker | undefined;

function previewThread(): Worker {
  if (thread !== undefined) return thread;
  const started = startThread(threadFile);
  // A thread that ended answers no more; the next clip gets another one.
  const forget = () => {
    if (thread === started) thread = undefined;
  };
  started.on('error', forget).on('exit', forget).unref();
  thread = started;
  return started;
}

/** Has the thread make a preview. @returns where one {@link PreviewAnswer} arrives */
export function beginPreview({ guess, orientation, fps, ratio }: PreviewJob): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const request: PreviewRequest = { job: { guess, orientation, fps, ratio }, answers: port2 };
  previewThread().postMessage(request, [port2]);
  return port1;
}
