import type { Messages } from '../bot/languages/messages.ts';
import type { GuildSettings } from '../storage/guild-settings.ts';
import { type Limits, limitNames, stricter } from '../storage/limits.ts';
import { shortList } from './check-place.ts';
import { languageName, presetName } from './kinora-config-options.ts';

const megabyte = 1024 * 1024;

/** A guild's settings as its managers read them; limits as they hold, the operator's included. */
export function settingsView(
  settings: GuildSettings,
  { limits, messages }: { limits: Limits; messages: Messages },
): string {
  const { config } = messages;
  const { shown, options } = config;
  const yesNo = (value: boolean) => (value ? shown.yes : shown.no);
  const listed = (ids: readonly string[], prefix: '<#' | '<@&', none: string) => {
    const { mentions, more } = shortList(ids, prefix);
    return ids.length === 0 ? none : [...mentions, ...(more > 0 ? [shown.more(more)] : [])].join(' ');
  };
  const { maxUploadBytes, locale } = settings;
  const rows = [
    [shown.channels, listed(settings.channelIds, '<#', shown.everywhere)],
    [shown.roles, listed(settings.roleIds, '<@&', shown.everybody)],
    [options.preset, presetName(settings.preset, messages)],
    [options.format, messages.animate.choices.format[settings.format]],
    [options.spoiler, yesNo(settings.spoiler)],
    [options.previews, yesNo(settings.previews)],
    [options.ping, yesNo(settings.ping)],
    [options.ageRestrictedOnly, yesNo(settings.ageRestrictedOnly)],
    [options.language, locale === undefined ? shown.ownLanguage : languageName(locale)],
    [options.maxUpload, maxUploadBytes === undefined ? shown.asDiscord : `${maxUploadBytes / megabyte} MiB`],
    ...limitNames.map((name) => {
      const value = stricter(limits[name], settings.limits[name] ?? 0);
      return [config.limits[name], value === 0 ? shown.unset : String(value)];
    }),
  ];
  // Descriptions of options may say in brackets what to type, which is no part of the name.
  const nameOf = (description: string) => description.replace(/ \(.*\)$/, '');
  return [shown.title, ...rows.map(([name = '', value]) => `• ${nameOf(name)}: **${value}**`)].join('\n');
}
