import { clipForm } from './clip-form.ts';
import type { Declaration, Declarations, DiscordLimits, DiscordNumber, DiscordOption } from './declaration.ts';
import { imageToVideo } from './image-to-video.ts';
import type { Range } from './kinds.ts';

type Tables = typeof imageToVideo & typeof clipForm;

/** Declarations of settings that `/animate` has an option for. */
type Shown = Extract<Tables[keyof Tables], { discord: { name: string } }>;

/** Names of options of `/animate` that are settings. */
export type SettingOption = Shown['discord']['name'];

/** Names of options that are also fields of the form behind ✏️. */
export type FormField = Extract<Shown, { discord: { isInForm: true } }>['discord']['name'];

/** What has to be said, in each language, of the values that have names: choices of lists, and numbers with names. */
export type ValueNames = {
  [Choice in Extract<Shown, { type: { kind: 'name' } }> as Choice['discord']['name']]: Readonly<
    Record<Choice['type']['names'][number], string>
  >;
} & {
  [Number in Extract<Shown, { discord: { named: object } }> as Number['discord']['name']]: Readonly<
    Record<keyof Number['discord']['named'], string>
  >;
};

/** A setting that Discord shows. */
export interface ShownSetting {
  /** Its name in the code. */
  setting: string;
  name: SettingOption;
  type: Declaration['type'];
  /** With a range where it is a number. */
  discord: DiscordOption | DiscordNumber;
}

/** The settings of a table that Discord shows, in the order of its options. */
export function shownSettings(table: Declarations): ShownSetting[] {
  return Object.entries(table).flatMap(([setting, { type, discord }]) =>
    discord === undefined ? [] : [{ setting, name: discord.name as SettingOption, type, discord }],
  );
}

/** Names of all options of `/animate` that are settings, in their order. */
export const settingOptionNames = [...shownSettings(imageToVideo), ...shownSettings(clipForm)].map(({ name }) => name);

/** The whole numbers that an option takes from people in Discord. */
export function discordRange({ range }: Pick<DiscordNumber, 'range'>, limits: DiscordLimits): Range {
  return typeof range === 'function' ? range(limits) : range;
}
