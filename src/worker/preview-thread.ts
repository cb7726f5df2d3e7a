/**
 * The file of the thread that makes previews: while a network runs, ONNX Runtime holds the thread that called it, so that
 * nothing else in there would get on. Where there is a safety check, it looks at them in here, by a session of this thread.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { JobCancelledError } from '../errors.ts';
import type { SafetyCheck } from '../inference/pipeline/open-safety-check.ts';
import { encodePreview } from '../media/encode-webp.ts';
import { cancellationPoint } from '../util/cancellation.ts';
import { drawPreview, type PreviewJob } from './draw-preview.ts';
import { passGate } from './exit-gate.ts';
import { isUnsafe, type SafetyRule } from './render-tools.ts';

/** What a preview is looked at by. */
export interface PreviewSafety extends Pick<SafetyRule, 'modelDir' | 'threshold'> {
  /** What the exit of the process waits for: see `exit-gate.ts`. */
  gate: Int32Array;
}

/** A preview to be made, and where it is wanted. */
export interface PreviewRequest {
  job: PreviewJob;
  /** Undefined: nothing is looked at. */
  safety: PreviewSafety | undefined;
  /** Takes one {@link PreviewAnswer}. Any message from there: the preview is not wanted any more. */
  answers: MessagePort;
}

/** `bytes` is left out where no quality is small enough, where the preview may not be shown or is not wanted, or with a `problem`. */
export interface PreviewAnswer {
  bytes?: Uint8Array;
  problem?: string;
}

/** Settles when all that was asked for is answered. */
let last: Promise<void> = Promise.resolve();

parentPort?.on('message', ({ job, safety, answers }: PreviewRequest) => {
  const stop = new AbortController();
  answers.once('message', () => stop.abort(new JobCancelledError()));
  last = last.then(async () => {
    answers.postMessage(await answerOf(job, safety, stop.signal));
    answers.close();
  });
});

/** Whatever goes wrong, and wherever: there is a file only of frames that were looked at, where they have to be. */
async function answerOf(
  job: PreviewJob,
  safety: PreviewSafety | undefined,
  signal: AbortSignal,
): Promise<PreviewAnswer> {
  try {
    await cancellationPoint(signal);
    const clip = drawPreview(job);
    if (safety !== undefined && (await isUnsafe(clip, await openRule(safety), signal))) return {};
    await cancellationPoint(signal);
    const bytes = await encodePreview(clip, job.fps);
    return bytes === undefined ? {} : { bytes };
  } catch (error) {
    if (error instanceof JobCancelledError) return {};
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Kept for the next preview. */
let opened: { modelDir: string; check: SafetyCheck } | undefined;

/** The rule, by a session that is opened for the first preview. One thread of ONNX Runtime: the model takes its step meanwhile. */
async function openRule({ modelDir, threshold, gate }: PreviewSafety): Promise<SafetyRule> {
  if (opened?.modelDir !== modelDir) {
    const check = await passGate(gate, async () => {
      // Here, not above: loading ONNX Runtime is a part of what the exit waits for.
      const { openSafetyCheck } = await import('../inference/pipeline/open-safety-check.ts');
      return openSafetyCheck(modelDir, { threads: 1 });
    });
    opened = { modelDir, check };
  }
  const { check } = opened;
  return { modelDir, threshold, check: { rate: (picture) => passGate(gate, () => check.rate(picture)) } };
}
