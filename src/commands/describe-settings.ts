import { clipForm } from '../settings/clip-form.ts';
import { shownSettings } from '../settings/discord-options.ts';
import type { FlatSettings } from '../settings/flat-settings.ts';
import { imageToVideo } from '../settings/image-to-video.ts';

const shown = [...shownSettings(imageToVideo), ...shownSettings(clipForm)];
const declared = [...Object.entries(imageToVideo), ...Object.entries(clipForm)];

/** What somebody types in Discord for the same clip; the picture is theirs to attach. */
export function asCommand(settings: FlatSettings): string {
  const typed = shown.flatMap(({ setting, name }) => {
    const value = settings[setting];
    // Discord writes truths with capitals.
    const written = typeof value === 'boolean' ? (value ? 'True' : 'False') : value;
    return isPlain(written) ? [`${name}:${written}`] : [];
  });
  return ['/animate', ...typed].join(' ');
}

/** What somebody types in a shell for the same clip; it can say all that decides one. */
export function asCommandLine(settings: FlatSettings, picture = 'picture.png'): string {
  const typed = declared.flatMap(([setting, { type, option }]) => {
    const value = settings[setting];
    if (type.kind === 'flag') return value === true ? [`--${option.name}`] : [];
    return isPlain(value) ? [`--${option.name} ${value}`] : [];
  });
  return ['kinora animate', picture, ...typed].join(' ');
}

/** Files come from anywhere: what is no plain word must not find its way into a shell or a message. */
function isPlain(value: FlatSettings[string] | undefined): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && /^[\w.,-]{1,40}$/.test(value));
}
