import type { BaseInteraction } from 'discord.js';
import { chooseMessages, localizations } from '../bot/languages/choose-messages.ts';
import { en } from '../bot/languages/en.ts';
import type { Messages } from '../bot/languages/messages.ts';
import type { GuildSettingsStore } from '../storage/guild-settings.ts';

/** The language to answer in: the one that the guild's managers chose for everybody, else the person's own. */
export async function localeOf(
  interaction: Pick<BaseInteraction, 'guildId' | 'locale'>,
  guildSettings: Pick<GuildSettingsStore, 'of'>,
): Promise<string> {
  return (await guildSettings.of(interaction.guildId)).locale ?? interaction.locale;
}

/** The messages to answer with; see {@link localeOf}. */
export async function messagesFor(
  interaction: Pick<BaseInteraction, 'guildId' | 'locale'>,
  guildSettings: Pick<GuildSettingsStore, 'of'>,
): Promise<Messages> {
  return chooseMessages(await localeOf(interaction, guildSettings));
}

/** A command's or option's description in every language, as Discord wants it. */
export function localizedDescription(pick: (messages: Messages) => string) {
  return { description: pick(en), description_localizations: localizations(pick) };
}

/** A choice's name in every language, as Discord wants it. */
export function localizedName(pick: (messages: Messages) => string) {
  return { name: pick(en), name_localizations: localizations(pick) };
}
