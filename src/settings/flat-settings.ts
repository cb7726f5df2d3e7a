import type { Interpolator } from './clip.ts';
import { type ClipForm, clipForm, type FitName } from './clip-form.ts';
import { currentNames, withCurrentNames, written } from './declaration.ts';
import { type ImageToVideoSettings, imageToVideo } from './image-to-video.ts';
import type { FlatValue } from './kinds.ts';

/** Settings as a clip's file carries them: flat, so that they stay readable for other programs. */
export type FlatSettings = Readonly<Record<string, FlatValue>>;

/** All that decided a clip. */
interface MadeWith {
  model: string;
  settings: Partial<ImageToVideoSettings>;
  fit: FitName;
  form: Partial<ClipForm>;
  provider: string;
  extended?: true;
  interpolator?: Interpolator | undefined;
  hasEndPicture?: true;
}

/**
 * What a clip's file says of itself: enough to make the same clip again of its picture, and with `hasEndPicture` of its last
 * one too, unless it is `extended`.
 */
export function flatSettings({
  model,
  settings,
  fit,
  form,
  provider,
  extended,
  hasEndPicture,
  interpolator,
}: MadeWith): FlatSettings {
  const own = { model, ...written(imageToVideo, settings), ...written(clipForm, { ...form, fit }), provider };
  return {
    ...own,
    ...(interpolator && { interpolator }),
    ...(extended && { extended }),
    ...(hasEndPicture && { hasEndPicture }),
  };
}

const names = currentNames({ ...imageToVideo, ...clipForm });

/** Settings from a file that an earlier version may have written, under today's names. */
export function currentSettings(settings: FlatSettings): FlatSettings {
  return withCurrentNames(names, settings);
}
