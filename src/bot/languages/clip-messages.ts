import {
  type FormField,
  type SettingOption,
  settingOptionNames,
  type ValueNames,
} from '../../settings/discord-options.ts';

/** Options of `/animate`, in their order. */
export const animateOptionNames = ['image', 'preset', ...settingOptionNames, 'private'] as const;
export type AnimateOptionName = 'image' | 'preset' | SettingOption | 'private';

/** Of `/animate`. Discord allows 32 lower-case characters for names and 100 for descriptions and choices. */
export interface AnimateMessages {
  description: string;
  options: Readonly<Record<AnimateOptionName, { name: string; description: string }>>;
  choices: {
    preset: Readonly<Record<'notebook' | 'quality' | 'fast' | 'draft' | 'animate-lcm', string>>;
  } & ValueNames;
}

/** What a clip can become, by the first word of its buttons' custom ids. */
export const clipActions = ['again', 'edit', 'extend', 'loop', 'smooth', 'settings', 'delete'] as const;
export type ClipAction = (typeof clipActions)[number];

/** Of the commands in menus and of the buttons under a clip. */
export interface ClipMessages {
  /** Under "Apps" in the menu of a message, or of a person. */
  menus: { animate: string; animateAvatar: string; settings: string };
  whichPicture: string;
  buttons: Readonly<Record<ClipAction, string>>;
  /** Before the settings of a clip that was made from another; `link` leads there. */
  madeFrom(link: string): string;
  /** Under a clip that was extended. */
  drift: string;
  edit: Readonly<Record<'title' | FormField, string>>;
  /** Above the command and the command line. */
  settings: string;
  made(facts: { model: string; provider: string }): string;
  /** The reaction was seen, but not the picture. */
  reactionNeedsIntent(menu: string): string;
}
