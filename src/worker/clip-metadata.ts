import type { ImageToVideoResult } from '../inference/pipeline/types.ts';
import type { ClipMetadata } from '../media/clip-metadata.ts';
import type { ClipForm, FitName } from './types.ts';

/** What a clip's file says of itself: enough to make the same clip again. */
export function clipMetadata(
  { model, settings, provider }: Pick<ImageToVideoResult, 'settings' | 'provider'> & { model: string },
  fit: FitName,
  form: ClipForm,
): ClipMetadata {
  const { guidanceInterval, ...flat } = settings;
  const interval = guidanceInterval === undefined ? {} : { guidanceInterval: guidanceInterval.join(',') };
  return { title: `Kinora, seed ${settings.seed}`, settings: { model, ...flat, ...interval, fit, ...form, provider } };
}
