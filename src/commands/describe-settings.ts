import { clipForm, type ShapeName } from '../settings/clip-form.ts';
import { written } from '../settings/declaration.ts';
import { shownSettings } from '../settings/discord-options.ts';
import type { FlatSettings } from '../settings/flat-settings.ts';
import { forTwoPictures, type ImageToVideoSettings, imageToVideo } from '../settings/image-to-video.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { Size } from '../util/rgb.ts';
import { type RequestDefaults, readAnimateOptions, type TypedOptions } from './animate-options.ts';

const shown = [...shownSettings(imageToVideo), ...shownSettings(clipForm)];
const declared = [...Object.entries(imageToVideo), ...Object.entries(clipForm)];

/** Stands for the file of a clip's last picture. */
const endName = 'end.png';

/** Where a command is to be typed. */
export interface CommandPlace {
  model: ModelCapabilities;
  /** What holds there where nothing is chosen. */
  defaults?: RequestDefaults;
  /** The size that was asked for before the shape decided; undefined where nobody knows, as of a clip from elsewhere. */
  requested?: Size | undefined;
}

/**
 * The command that makes a clip, or why none does: its file does not say all, it goes on from another clip, another model
 * made it, or no option says what it was made with.
 */
export type CommandAnswer = { command: string } | { without: 'incomplete' | 'extended' | 'other-model' | 'no-option' };

/**
 * What somebody types in Discord for exactly the same clip; the picture is theirs to attach. Each command that could do
 * is read as `/animate` would read it, with and without each preset, and must come to the clip's very settings.
 */
export function commandFor(settings: FlatSettings, place: CommandPlace): CommandAnswer {
  if (needed(place.model).some((name) => settings[name] === undefined)) return { without: 'incomplete' };
  if (settings.extended === true) return { without: 'extended' };
  if (settings.model !== place.model.name) return { without: 'other-model' };
  const presets = [undefined, ...Object.keys(place.model.presets ?? {})];
  for (const preset of presets) {
    const typed = { ...(preset !== undefined && { preset }), ...optionsFor(settings) };
    if (makes(typed, settings, place)) return { command: asCommand(typed, settings) };
  }
  return { without: 'no-option' };
}

/** What every clip was made with; a file may come from an earlier version, or from elsewhere. */
function needed({ defaults }: ModelCapabilities): string[] {
  return ['seed', ...Object.keys(defaults), 'fit', 'loop', 'smooth', 'format'];
}

/** The options of `/animate` that say these settings, as one writes them in Discord. */
export function describeOptions(settings: FlatSettings): string {
  return writeOptions(optionsFor(settings)).join(' ');
}

type TypedValues = Readonly<Record<string, string | number | boolean>>;

function optionsFor(settings: FlatSettings): TypedValues {
  return Object.fromEntries(
    shown.flatMap(({ setting, name }) => {
      const value = settings[setting];
      return typeof value === 'boolean' || isPlain(value) ? [[name, value]] : [];
    }),
  );
}

/** The last picture, like the first, is the reader's to attach; its name stands for it. */
function asCommand(typed: TypedValues, { hasEndPicture }: FlatSettings): string {
  const end = hasEndPicture === true ? [`end:${endName}`] : [];
  return ['/animate', ...end, ...writeOptions(typed)].join(' ');
}

/** Discord writes truths with capitals. */
function writeOptions(typed: TypedValues): string[] {
  return Object.entries(typed).map(([name, value]) => {
    const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : value;
    return `${name}:${text}`;
  });
}

function makes(typed: TypedValues, settings: FlatSettings, place: CommandPlace): boolean {
  const { model, defaults } = place;
  try {
    const request = readAnimateOptions(asTyped(typed), model, defaults);
    const resolve = model.resolveSettings ?? ((asked) => ({ ...model.defaults, seed: 0, ...asked }));
    const isBetween = settings.hasEndPicture === true || request.form?.loop === 'seamless';
    const resolved = resolve(isBetween ? forTwoPictures(request.settings) : request.settings);
    const form = { ...request.form, fit: request.fit };
    const got = { ...withoutSize(written(imageToVideo, resolved)), ...written(clipForm, form) };
    const {
      model: _,
      provider: __,
      extended: ___,
      hasEndPicture: ____,
      interpolator: _____,
      ...wanted
    } = withoutSize(settings);
    return isSame(got, wanted) && isSameSize(form.shape, { area: resolved, settings, place });
  } catch {
    // An option that `/animate` does not take.
    return false;
  }
}

function asTyped(typed: TypedValues): TypedOptions {
  const read = (name: string) => (typed[name] ?? null) as never;
  return { getInteger: read, getString: read, getBoolean: read };
}

function withoutSize({ width: _, height: __, ...rest }: FlatSettings): FlatSettings {
  return rest;
}

function isSame(one: FlatSettings, other: FlatSettings): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}

/** Ratios beside the clip's own that its picture may have had, as factors: sizes that a model handles are coarse. */
const ratioFactors = Array.from({ length: 61 }, (_, index) => 1.3 ** ((index - 30) / 30));

interface SizeQuestion {
  /** What a shape starts from. */
  area: Pick<ImageToVideoSettings, 'width' | 'height'>;
  settings: FlatSettings;
  place: CommandPlace;
}

/** Whether the clip's size follows from the command's; of a clip from elsewhere, whether it does for some picture. */
function isSameSize(shape: ShapeName | undefined, { area, settings, place }: SizeQuestion): boolean {
  const { requested = area, model } = place;
  if (requested.width !== area.width || requested.height !== area.height) return false;
  const [width, height] = [Number(settings.width), Number(settings.height)];
  const isIt = (size: Size) => size.width === width && size.height === height;
  const { chooseSize } = model;
  if (shape === undefined || chooseSize === undefined) return isIt(area);
  return ratioFactors.some((factor) =>
    isIt(chooseSize(shape, { width: (1000 * factor * width) / height, height: 1000 }, area)),
  );
}

/** What somebody types in a shell for the same clip; it can say all that decides one. */
export function asCommandLine(settings: FlatSettings, picture = 'picture.png'): string {
  const typed = declared.flatMap(([setting, { type, option }]) => {
    const value = settings[setting];
    if (type.kind === 'flag') return value === true ? [`--${option.name}`] : [];
    return isPlain(value) ? [`--${option.name} ${value}`] : [];
  });
  const end = settings.hasEndPicture === true ? ['--end', endName] : [];
  return ['kinora animate', picture, ...end, ...typed].join(' ');
}

/** Files come from anywhere: what is no plain word must not find its way into a shell or a message. A style's has its hash. */
function isPlain(value: FlatSettings[string] | undefined): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && /^[\w.,-]{1,40}(@[0-9a-f]{16})?$/.test(value));
}
