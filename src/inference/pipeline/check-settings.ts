import { checkRanges } from '../../settings/declaration.ts';
import { imageToVideo } from '../../settings/image-to-video.ts';
import { checkSampler } from '../schedulers/scheduler.ts';
import type { ImageToVideoSettings, ModelInfo } from './types.ts';

/**
 * Holds settings against what any Stable Video Diffusion model and the samplers can do.
 * @throws UserError `settings-invalid` or `settings-invalid-name`, naming the setting, what it may be and the value;
 * what `checkSampler` refuses
 */
export function checkSettings(settings: ImageToVideoSettings, { limits }: ModelInfo): void {
  checkRanges(imageToVideo, settings, limits);
  checkSampler(settings);
}
