import { randomInt } from 'node:crypto';
import { JobCancelledError } from '../errors.ts';
import type { ImageToVideoResult, ImageToVideoSettings } from '../inference/pipeline/types.ts';
import type { EncodedVideo } from '../media/encode.ts';
import type { RgbPicture } from '../util/rgb.ts';
import { clipMetadata } from './clip-metadata.ts';
import type { RenderPipeline, RenderTools } from './render-tools.ts';
import { resolveSettings } from './resolve-settings.ts';
import type { Clip, RenderOptions, RenderSpec } from './types.ts';

/** Frames whose shorter side has fewer pixels are enlarged: players show them as stamps otherwise. */
const smallestSide = 256;

/**
 * Makes one clip: the picture's bytes, then the picture at the model's size, then frames, then an MP4. Runs in the
 * render process; between steps the event loop turns, so that a cancel message is heard.
 * @throws UserError the picture or the settings are at fault
 * @throws JobCancelledError the signal was aborted
 */
export async function makeClip(tools: RenderTools, spec: RenderSpec, options: RenderOptions = {}): Promise<Clip> {
  const { onProgress = () => {} } = options;
  const settings = resolveSettings(tools.pipeline.info, spec.settings, () => randomInt(2 ** 32));
  const { width, height } = settings;

  onProgress({ stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined });
  const intakeStart = performance.now();
  const picture = await tools.intake(spec.picture, { width, height, fit: spec.fit });
  const intakeSeconds = secondsSince(intakeStart);
  await hearMessages();
  if (options.signal?.aborted) throw new JobCancelledError();

  const result = await generateFrames(tools.pipeline, picture, settings, options);
  if (spec.framesDir !== undefined) await tools.writeFrames(spec.framesDir, result);

  onProgress({ stage: 'encode-video', step: 0, steps: 1, secondsPerStep: undefined });
  const encodeStart = performance.now();
  const enlarged = Math.max(1, Math.ceil(smallestSide / Math.min(width, height)));
  const video = await encodeFrames(tools, { spec, result, enlarged }, options.signal);
  const encodeSeconds = secondsSince(encodeStart);
  onProgress({ stage: 'encode-video', step: 1, steps: 1, secondsPerStep: encodeSeconds });
  return {
    bytes: video.bytes,
    width: video.width,
    height: video.height,
    enlarged,
    settings: result.settings,
    fit: spec.fit,
    model: tools.pipeline.info.name,
    provider: result.provider,
    secondsPerStage: {
      ...result.secondsPerStage,
      prepare: result.secondsPerStage.prepare + intakeSeconds,
      'encode-video': encodeSeconds,
    },
    ...(video.reduced === undefined ? {} : { reduced: video.reduced }),
  };
}

async function generateFrames(
  pipeline: RenderPipeline,
  picture: RgbPicture,
  settings: ImageToVideoSettings,
  { signal, onProgress }: RenderOptions,
): Promise<ImageToVideoResult> {
  const run = pipeline.generate(picture, settings, signal === undefined ? {} : { signal });
  let next = await run.next();
  while (!next.done) {
    onProgress?.(next.value);
    await hearMessages();
    // Thrown inside the generator, so that it frees its sessions on the way out.
    next = signal?.aborted ? await run.throw(new JobCancelledError()) : await run.next();
  }
  return next.value;
}

function encodeFrames(
  { pipeline, encodeVideo, ffmpegPath }: RenderTools,
  { spec, result, enlarged }: { spec: RenderSpec; result: ImageToVideoResult; enlarged: number },
  signal: AbortSignal | undefined,
): Promise<EncodedVideo> {
  return encodeVideo(result, {
    ffmpegPath,
    fps: result.settings.fps,
    metadata: clipMetadata(pipeline.info.name, result, spec.fit),
    scaleTo: { width: result.width * enlarged, height: result.height * enlarged },
    ...(spec.maxBytes === undefined ? {} : { maxBytes: spec.maxBytes }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Two turns: the first may begin after the loop has already looked for messages. */
async function hearMessages(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

function secondsSince(startMs: number): number {
  return (performance.now() - startMs) / 1000;
}
