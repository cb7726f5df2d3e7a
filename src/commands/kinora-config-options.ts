import { type APIApplicationCommandBasicOption, ApplicationCommandOptionType, ChannelType } from 'discord.js';
import { languages } from '../bot/languages/choose-messages.ts';
import type { Texts } from '../bot/languages/messages.ts';
import type { ModelFacts } from '../storage/job.ts';
import { type Limits, limitNames } from '../storage/limits.ts';
import { described, named } from './i18n.ts';

/** How the limits are called where they are typed. */
export const optionNameOf: Readonly<Record<keyof Limits, string>> = {
  maxWaitingPerUser: 'waiting-per-person',
  maxWaitingPerGuild: 'waiting-in-all',
  cooldownSeconds: 'cooldown-seconds',
  dailyQuota: 'daily-clips',
  maxSteps: 'steps',
  maxFrames: 'frames',
};

/** A day is as far as cooldowns look back, and no other limit needs more. */
const maxLimit = 86_400;

/** The choice of no recipe. */
export const noPreset = 'none';

/** `/kinora-config set …` */
export function settingOptions({ presets = {} }: ModelFacts): APIApplicationCommandBasicOption[] {
  const presetNames = Object.keys(presets);
  return [
    ...(presetNames.length > 0 ? [presetOption(presetNames)] : []),
    yesOrNo('spoiler', 'spoiler'),
    yesOrNo('ping', 'ping'),
    yesOrNo('age-restricted-only', 'ageRestrictedOnly'),
    {
      type: ApplicationCommandOptionType.String,
      name: 'language',
      ...described((texts) => texts.config.options.language),
      choices: ['auto', ...Object.keys(languages)].map((value) => ({ name: languageName(value), value })),
    },
    {
      type: ApplicationCommandOptionType.Integer,
      name: 'max-upload',
      ...described((texts) => texts.config.options.maxUpload),
      min_value: 0,
      max_value: 500,
    },
  ];
}

/** `/kinora-config limits …` */
export function limitOptions(): APIApplicationCommandBasicOption[] {
  return limitNames.map((limit) => ({
    type: ApplicationCommandOptionType.Integer,
    name: optionNameOf[limit],
    ...described((texts) => texts.config.limits[limit]),
    min_value: 0,
    max_value: maxLimit,
  }));
}

/** `/kinora-config allow | disallow …` */
export function channelOrRole(): APIApplicationCommandBasicOption[] {
  return [
    {
      type: ApplicationCommandOptionType.Channel,
      name: 'channel',
      ...described((texts) => texts.config.options.channel),
      channel_types: [
        ChannelType.GuildText,
        ChannelType.GuildVoice,
        ChannelType.GuildAnnouncement,
        ChannelType.GuildForum,
      ],
    },
    {
      type: ApplicationCommandOptionType.Role,
      name: 'role',
      ...described((texts) => texts.config.options.role),
    },
  ];
}

/** A language's name in itself; `auto` stays as it is. */
export function languageName(locale: string): string {
  if (locale === 'auto') return locale;
  return new Intl.DisplayNames([locale], { type: 'language' }).of(locale) ?? locale;
}

/** A recipe's name for people; `undefined` is none. */
export function presetName(preset: string | undefined, { animate, config }: Texts): string {
  if (preset === undefined) return config.shown.ownPreset;
  const names: Readonly<Record<string, string>> = animate.choices.preset;
  return names[preset] ?? preset;
}

function presetOption(names: readonly string[]): APIApplicationCommandBasicOption {
  return {
    type: ApplicationCommandOptionType.String,
    name: 'preset',
    ...described((texts) => texts.config.options.preset),
    choices: [
      { ...named((texts) => presetName(undefined, texts)), value: noPreset },
      ...names.map((value) => ({ ...named((texts) => presetName(value, texts)), value })),
    ],
  };
}

function yesOrNo(name: string, text: 'spoiler' | 'ping' | 'ageRestrictedOnly'): APIApplicationCommandBasicOption {
  return {
    type: ApplicationCommandOptionType.Boolean,
    name,
    ...described((texts) => texts.config.options[text]),
  };
}
