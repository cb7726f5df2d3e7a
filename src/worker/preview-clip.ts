import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import type { PreviewOptions } from '../inference/pipeline/preview.ts';
import type { PreviewJob } from './draw-preview.ts';
import { type ExitGate, isPassed, openExitGate } from './exit-gate.ts';
import type { PreviewAnswer, PreviewRequest } from './preview-thread.ts';
import type { SafetyRule } from './render-tools.ts';
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
  /** By which each preview is looked at before anybody sees it; one that it refuses is left out. */
  safety: Omit<SafetyRule, 'check'> | undefined;
  signal: AbortSignal | undefined;
  log: (message: string) => void;
}

/** What a pipeline shows previews with. */
interface ClipPreviews extends PreviewOptions {
  /** The clip ended, in whatever way. Resolves when nothing of it is looked at any more: a look that is under way is waited for. */
  end(): Promise<void>;
}

/**
 * Guesses of a running pipeline as small files. The step is only held up while a guess is copied: colours, enlargement, the
 * looks of a safety check and encoding are another thread's, while the model takes its next step. What is not finished when
 * a newer one is begun, or when the clip was cancelled, is dropped; but one that is being looked at, which may take longer
 * than a step, is finished first, and of those that come meanwhile only the newest waits.
 */
export function previewFiles(
  { everySeconds, hand }: PreviewDelivery,
  { safety, signal, log, ...how }: PreviewedClip,
): ClipPreviews {
  /** Not answered yet, the oldest first. */
  const pending: BegunPreview[] = [];
  const stopFrom = (first: number) => {
    for (const preview of pending.slice(first)) preview.stop();
  };
  previewThread();
  return {
    everySeconds,
    hand(guess) {
      stopFrom(safety === undefined ? 0 : 1);
      const begun = beginPreview({ guess, ...how }, safety);
      pending.push(begun);
      void begun.answer.then(({ bytes, problem }) => {
        pending.splice(pending.indexOf(begun), 1);
        if (problem !== undefined) log(`A preview could not be made: ${problem}`);
        if (bytes !== undefined && !begun.isStopped() && signal?.aborted !== true) hand(bytes);
      });
    },
    async end() {
      if (safety === undefined) return;
      stopFrom(0);
      const last = pending.at(-1);
      // Nothing else may keep the process alive.
      last?.answers.ref();
      await last?.answer;
    },
  };
}

const isSource = import.meta.url.endsWith('.ts');
const threadFile = new URL(isSource ? './preview-thread.ts' : './preview-thread.js', import.meta.url);

/** A thread, and what its process's exit waits for. */
interface PreviewThread {
  worker: Worker;
  gate: ExitGate;
}

/** One for the whole process, idle between previews. */
let thread: PreviewThread | undefined;

function previewThread(): PreviewThread {
  if (thread !== undefined) return thread;
  const started = { worker: startThread(threadFile), gate: openExitGate() };
  // A thread that ended answers no more; the next clip gets another one.
  const forget = () => {
    started.gate.remove();
    if (thread === started) thread = undefined;
  };
  started.worker.on('error', forget).on('exit', forget).unref();
  thread = started;
  return started;
}

/** Whether the thread looks at a preview now, or opens the safety check. */
export function isLooking(): boolean {
  return thread !== undefined && isPassed(thread.gate.shared);
}

/** A preview on its way. */
interface BegunPreview {
  /** Where the answer arrives. It does not keep the process alive. */
  answers: MessagePort;
  /** Never rejects. */
  answer: Promise<PreviewAnswer>;
  /** It is not wanted any more: no look and no file of it is begun. */
  stop(): void;
  isStopped(): boolean;
}

/** Has the thread make a preview, after those that it was asked for before. */
export function beginPreview(
  { guess, orientation, fps, ratio }: PreviewJob,
  safety?: Omit<SafetyRule, 'check'>,
): BegunPreview {
  const { port1: answers, port2 } = new MessageChannel();
  const { worker, gate } = previewThread();
  const request: PreviewRequest = {
    job: { guess, orientation, fps, ratio },
    safety: safety && { modelDir: safety.modelDir, threshold: safety.threshold, gate: gate.shared },
    answers: port2,
  };
  worker.postMessage(request, [port2]);
  const answer = new Promise<PreviewAnswer>((resolve) => {
    answers.once('message', resolve);
    answers.once('close', () => resolve({ problem: 'its thread ended' }));
  });
  answers.unref();
  let stopped = false;
  const stop = () => {
    stopped = true;
    answers.postMessage('stop');
  };
  return { answers, answer, stop, isStopped: () => stopped };
}
