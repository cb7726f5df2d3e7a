import type { LoopName } from '../../settings/clip-form.ts';
import {
  type FormField,
  type SettingOption,
  settingOptionNames,
  type ValueNames,
} from '../../settings/discord-options.ts';

/** Options of `/animate`, in their order. */
export const animateOptionNames = ['image', 'end', 'preset', ...settingOptionNames, 'private'] as const;
export type AnimateOptionName = 'image' | 'end' | 'preset' | SettingOption | 'private';

/** Of `/animate`. Discord allows 32 lower-case characters for names and 100 for descriptions and choices. */
export interface AnimateMessages {
  description: string;
  options: Readonly<Record<AnimateOptionName, { name: string; description: string }>>;
  choices: {
    preset: Readonly<Record<'notebook' | 'quality' | 'fast' | 'draft' | 'animate-lcm', string>>;
  } & ValueNames;
}

/** What a clip can become, by the first word of its buttons' custom ids. */
export const clipActions = [
  'again',
  'edit',
  'extend',
  'loop',
  'smooth',
  'larger',
  'end',
  'settings',
  'delete',
] as const;
export type ClipAction = (typeof clipActions)[number];

/** The one line under a clip, made of short parts. Durations are seconds. */
interface CaptionMessages {
  /** A new clip. */
  plain(seconds: number): string;
  again(seconds: number): string;
  edit(seconds: number): string;
  /** It was given another picture to end with. */
  end(seconds: number): string;
  extend(seconds: number): string;
  /** One of several variations, which has this number. */
  pick(clip: { number: number; seconds: number }): string;
  loop: Readonly<Record<LoopName, string>>;
  smooth(fps: number): string;
  /** Pixels of the file. */
  larger(file: { width: number; height: number }): string;
  /** Less was done than was asked for: the frames would not have fitted into memory, or not have played. */
  notUpscaled: string;
  seed(seed: number): string;
  /** How a clip repeats for which that was not all that was wanted. */
  loops: Readonly<Record<Exclude<LoopName, 'none'>, string>>;
  /** The clip had to shrink to fit the upload limit. */
  reduced: string;
  /** Frames in between come from ffmpeg's filter, since the network for them could not be used. */
  fallbackFrames: string;
  /** It would not have fitted in that format. */
  replaced(format: string): string;
  /** `link` leads to the clip that it was made from. */
  from(link: string): string;
}

/** Of 📋. */
export interface SettingsMessages {
  /** Of the file. */
  facts(clip: { frames: number; fps: number; width: number; height: number; seconds: number }): string;
  made(facts: { model: string; provider: string }): string;
  /** What computed frames in between. */
  inBetween(interpolator: string): string;
  /** Above the command. */
  command: string;
  /** Above the command of a clip with a last picture. */
  commandOfTwo: string;
  /** Above the command line. */
  commandLine: string;
  /** Why there is no command. */
  without: Readonly<Record<'extended' | 'other-model' | 'no-option', string>>;
  /** Instead of all that, of a file that an earlier version wrote, above what it says. */
  incomplete: string;
  /** Above the settings of the last part of a clip that was extended. */
  lastPart: string;
}

/** What variations cost. Durations are such as `3 min`; undefined where nobody knows. */
interface VariationCost {
  count: number;
  /** Clips that take as long as all of them until they are shown. */
  clips: number;
  duration: string | undefined;
  /** Clips that take as long as one pick. */
  clipsPerPick: number;
  durationOfPick: string | undefined;
}

/** Of variations: several seeds of one clip, shown side by side to pick from. */
interface VariationMessages {
  /** While somebody types how many; at most 100 characters. */
  proposal(cost: VariationCost): string;
  /** While they wait. `counted`: for how many clips the quota counts them, the first pick included. */
  cost(cost: VariationCost & { counted: number }): string;
  /** Above them. `until`: a moment that counts down. */
  caption(shown: { seeds: string; until: string } & Omit<VariationCost, 'clips' | 'duration'>): string;
  /** Below that, where the safety check refused some of them. */
  refused: string;
  /** What a screen reader says of them. At most 1,024 characters. */
  altText(shown: { count: number; seconds: number }): string;
}

/** Of the commands in menus and of the buttons under a clip. */
export interface ClipMessages {
  /** Under "Apps" in the menu of a message, or of a person. */
  menus: { animate: string; animateAvatar: string; settings: string };
  whichPicture: string;
  /** Beside the pictures of that menu, by their numbers: a clip that begins as one and ends as the other. */
  between(pair: { from: number; to: number }): string;
  /** Below it: what that costs. */
  betweenCost: string;
  buttons: Readonly<Record<ClipAction, string>>;
  /**
   * Of a button beside what 🔁 made, at most 80 characters. `duration` is what rendering takes, such as `3 min`; undefined
   * where nobody knows.
   */
  seamlessButton(duration: string | undefined): string;
  caption: CaptionMessages;
  variations: VariationMessages;
  /** What a screen reader says of a clip: nobody but the model has seen it. At most 1,024 characters. */
  altText(clip: { frames: number; seconds: number; motion: number; loop: LoopName }): string;
  edit: Readonly<Record<'title' | FormField, string>>;
  /** Of the form behind 🖼️: its title, and its field for a picture. */
  endPicture: Readonly<Record<'title' | 'picture', string>>;
  settings: SettingsMessages;
  /** The reaction was seen, but not the picture. */
  reactionNeedsIntent(menu: string): string;
}
