/**
 * The file of the thread that makes previews: while a network runs, ONNX Runtime holds the thread that called it, so that
 * nothing else in there would get on.
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { encodePreview } from '../media/encode-webp.ts';
import { drawPreview, type PreviewJob } from './draw-preview.ts';

/** A preview to be made, and where it is wanted. */
export interface PreviewRequest {
  job: PreviewJob;
  /** Takes one {@link PreviewAnswer}. */
  answers: MessagePort;
}

/** `bytes` is left out where no quality is small enough, or with a `problem`. */
export interface PreviewAnswer {
  bytes?: Uint8Array;
  problem?: string;
}

parentPort?.on('message', async ({ job, answers }: PreviewRequest) => {
  answers.postMessage(await answerOf(job));
  answers.close();
});

async function answerOf(job: PreviewJob): Promise<PreviewAnswer> {
  try {
    const bytes = await encodePreview(drawPreview(job), job.fps);
    return bytes === undefined ? {} : { bytes };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
