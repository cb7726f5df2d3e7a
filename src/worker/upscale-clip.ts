import type { ClipForm } from '../settings/clip-form.ts';
import { planUpscale } from '../settings/upscale.ts';
import type { RgbFrames } from '../util/rgb.ts';
import type { RenderTools } from './render-tools.ts';
import type { RenderProgress } from './types.ts';

/** What {@link upscaleClip} works on. */
interface UpscaleInput {
  frames: RgbFrames;
  form: ClipForm;
  /** How many frames each of these becomes afterwards. */
  growth: number;
}

/** What {@link upscaleClip} made. */
interface UpscaledClip {
  /** The frames, as large as the network made them. */
  enlarged: RgbFrames;
  /** The form with the enlargement that was done, which may be less than was asked for. */
  form: ClipForm;
  /** Of the file to the frames before. */
  upscaleFactor: number;
  seconds: number;
}

/**
 * Enlarges a clip's frames by a network where its form asks for it.
 * @throws JobCancelledError the signal was aborted
 * @throws AppError the network cannot be read or run
 */
export async function upscaleClip(
  { upscaleFrames }: Pick<RenderTools, 'upscaleFrames'>,
  { frames: clip, form: asked, growth }: UpscaleInput,
  { signal, onProgress }: { signal: AbortSignal | undefined; onProgress: (progress: RenderProgress) => void },
): Promise<UpscaledClip> {
  const { width, height, frames } = clip;
  const steps = frames.length;
  const count = Math.ceil(steps * growth);
  const plan = planUpscale({ width, height, frames: count, upscale: asked.upscale });
  const { byNetwork, factor: upscaleFactor, upscale } = plan;
  const { upscale: _, ...rest } = asked;
  const form: ClipForm = { ...rest, ...(upscale !== undefined && { upscale }) };
  if (byNetwork === 1) return { enlarged: clip, form, upscaleFactor, seconds: 0 };
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  onProgress({ stage: 'upscale', step: 0, steps, secondsPerStep: undefined });
  const enlarged = await upscaleFrames(clip, {
    factor: byNetwork,
    network: form.upscaler ?? 'photo',
    onFrame: (step) => onProgress({ stage: 'upscale', step, steps, secondsPerStep: seconds() / step }),
    ...(signal && { signal }),
  });
  return { enlarged, form, upscaleFactor, seconds: seconds() };
}
