import { type Checkpoint, encodeCheckpoint } from './checkpoint.ts';
import { latentSize } from './denoiser.ts';
import { differingParts, type Fingerprint } from './fingerprint.ts';
import type { PipelineContext } from './pipeline-context.ts';
import { type CheckpointOptions, maxCheckpointBytes } from './types.ts';

/** What a checkpoint holds besides the latents and whose they are. */
export type PipelineState = Omit<Checkpoint, 'fingerprint' | 'step' | 'latents'>;

/**
 * The checkpoint that a run was given, if it is one of a run like it: same model, picture, settings and provider.
 * Says in the log why it is passed over.
 */
export function startingPoint(
  { settings, configs, log, endPicture }: PipelineContext,
  { resume, until }: { resume: Checkpoint | undefined; until: number | undefined },
  fingerprint: Fingerprint,
): Checkpoint | undefined {
  // A variation has to make the step after which it is shown.
  if (resume === undefined || (until !== undefined && resume.step >= until)) return undefined;
  const differing = differingParts(resume.fingerprint, fingerprint);
  const size = latentSize(configs, settings);
  const perFrame = configs.vae.latent_channels * size.width * size.height;
  const pictures = endPicture === undefined ? 1 : 2;
  const steps = settings.numInferenceSteps * pictures;
  const fits =
    resume.step <= steps &&
    resume.latents.length === perFrame * settings.numFrames &&
    resume.conditions.length === pictures &&
    resume.conditions.every(
      ({ imageLatents, imageEmbeds, cleanLatents }) =>
        imageLatents.length === perFrame &&
        imageEmbeds.length === configs.imageEncoder.projection_dim &&
        cleanLatents?.length === (pictures === 2 ? perFrame : undefined),
    );
  if (differing.length === 0 && fits) {
    log(`Going on after step ${resume.step} of ${steps}.`);
    return resume;
  }
  const why = differing.length > 0 ? `other ${differing.join(', ')}` : 'arrays of other sizes';
  log(`A checkpoint is of another run (${why}), the clip starts over.`);
  return undefined;
}

/** What {@link checkpointKeeper} takes checkpoints of. */
interface KeptRun {
  fingerprint: Fingerprint;
  state: () => PipelineState;
  log: (message: string) => void;
}

/** Hands over the state after a step, at most once in `everySeconds`, counted from this call. */
export function checkpointKeeper(
  { everySeconds, hand }: CheckpointOptions,
  { fingerprint, state, log }: KeptRun,
): (step: number, latents: Float32Array) => Promise<void> {
  let lastMs = performance.now();
  let isTooLarge = false;
  return async (step, latents) => {
    if (isTooLarge || performance.now() - lastMs < everySeconds * 1000) return;
    const bytes = encodeCheckpoint({ ...state(), fingerprint, step, latents });
    isTooLarge = bytes.byteLength > maxCheckpointBytes;
    if (isTooLarge) {
      log(`A checkpoint of this clip has ${bytes.byteLength} bytes, ${maxCheckpointBytes} is the most: none are kept.`);
      return;
    }
    await hand(bytes);
    lastMs = performance.now();
  };
}
