import type { ImageToVideoResult } from '../inference/pipeline/types.ts';
import type { ClipMetadata } from '../media/clip-metadata.ts';
import type { ClipForm, FitName } from './types.ts';

/** What a clip's file says of itself: enough to make the same clip again. */
export function clipMetadata(
  { model, settings, provider }: Pick<ImageToVideoResult, 'settings' | 'provider'> & { model: string },
  fit: FitName,
  form: ClipForm,
): ClipMetadata {
  return { title: `Kinora, seed ${settings.seed}`, settings: { model, ...settings, fit, ...form, provider } };
}
