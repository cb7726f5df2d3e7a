import type { ImageToVideoResult } from '../inference/pipeline/types.ts';
import type { ClipMetadata } from '../media/clip-metadata.ts';
import type { FitName } from './types.ts';

/** What a clip's file says of itself: enough to make the same clip again. */
export function clipMetadata(
  model: string,
  { settings, provider }: Pick<ImageToVideoResult, 'settings' | 'provider'>,
  fit: FitName,
): ClipMetadata {
  return { title: `Kinora, seed ${settings.seed}`, settings: { model, ...settings, fit, provider } };
}
