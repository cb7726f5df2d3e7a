import { type APIApplicationCommandBasicOption, ApplicationCommandOptionType, ChannelType } from 'discord.js';
import { languages } from '../bot/languages/choose-messages.ts';
import type { Messages } from '../bot/languages/messages.ts';
import { formatNames } from '../settings/clip-form.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import { type Limits, limitNames } from '../storage/limits.ts';
import { localizedDescription, localizedName } from './i18n.ts';

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
export function settingOptions({ presets = {} }: ModelCapabilities): APIApplicationCommandBasicOption[] {
  const presetNames = Object.keys(presets);
  return [
    ...(presetNames.length > 0 ? [presetOption(presetNames)] : []),
    {
      type: ApplicationCommandOptionType.String,
      name: 'format',
      ...localizedDescription((messages) => messages.config.options.format),
      choices: formatNames.map((value) => ({
        ...localizedName((messages) => messages.animate.choices.format[value]),
        value,
      })),
    },
    yesOrNo('spoiler', 'spoiler'),
    yesOrNo('previews', 'previews'),
    yesOrNo('ping', 'ping'),
    yesOrNo('age-restricted-only', 'ageRestrictedOnly'),
    {
      type: ApplicationCommandOptionType.String,
      name: 'language',
      ...localizedDescription((messages) => messages.config.options.language),
      choices: ['auto', ...Object.keys(languages)].map((value) => ({ name: languageName(value), value })),
    },
    {
      type: ApplicationCommandOptionType.Integer,
      name: 'max-upload',
      ...localizedDescription((messages) => messages.config.options.maxUpload),
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
    ...localizedDescription((messages) => messages.config.limits[limit]),
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
      ...localizedDescription((messages) => messages.config.options.channel),
      channel_types: [
        ChannelType.GuildText,
        ChannelType.GuildVoice,
        ChannelType.GuildStageVoice,
        ChannelType.GuildAnnouncement,
        ChannelType.GuildForum,
        ChannelType.GuildMedia,
      ],
    },
    {
      type: ApplicationCommandOptionType.Role,
      name: 'role',
      ...localizedDescription((messages) => messages.config.options.role),
    },
  ];
}

/** A language's name in itself; `auto` stays as it is. */
export function languageName(locale: string): string {
  if (locale === 'auto') return locale;
  return new Intl.DisplayNames([locale], { type: 'language' }).of(locale) ?? locale;
}

/** A recipe's name for people; `undefined` is none. */
export function presetName(preset: string | undefined, { animate, config }: Messages): string {
  if (preset === undefined) return config.shown.ownPreset;
  const names: Readonly<Record<string, string>> = animate.choices.preset;
  return names[preset] ?? preset;
}

function presetOption(names: readonly string[]): APIApplicationCommandBasicOption {
  return {
    type: ApplicationCommandOptionType.String,
    name: 'preset',
    ...localizedDescription((messages) => messages.config.options.preset),
    choices: [
      { ...localizedName((messages) => presetName(undefined, messages)), value: noPreset },
      ...names.map((value) => ({ ...localizedName((messages) => presetName(value, messages)), value })),
    ],
  };
}

function yesOrNo(
  name: string,
  text: 'spoiler' | 'previews' | 'ping' | 'ageRestrictedOnly',
): APIApplicationCommandBasicOption {
  return {
    type: ApplicationCommandOptionType.Boolean,
    name,
    ...localizedDescription((messages) => messages.config.options[text]),
  };
}
