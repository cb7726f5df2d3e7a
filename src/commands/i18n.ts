import type { BaseInteraction } from 'discord.js';
import { chooseTexts, localizations } from '../bot/languages/choose-messages.ts';
import { en } from '../bot/languages/en.ts';
import type { Texts } from '../bot/languages/messages.ts';
import type { GuildSettingsStore } from '../storage/guild-settings.ts';

/** The language to answer in: the one that the guild's managers chose for everybody, else the person's own. */
export function localeOf(
  interaction: Pick<BaseInteraction, 'guildId' | 'locale'>,
  guildSettings: Pick<GuildSettingsStore, 'of'>,
): string {
  return guildSettings.of(interaction.guildId).locale ?? interaction.locale;
}

/** The texts to answer with; see {@link localeOf}. */
export function textsFor(
  interaction: Pick<BaseInteraction, 'guildId' | 'locale'>,
  guildSettings: Pick<GuildSettingsStore, 'of'>,
): Texts {
  return chooseTexts(localeOf(interaction, guildSettings));
}

/** A command's or option's description in every language, as Discord wants it. */
export function described(pick: (texts: Texts) => string) {
  return { description: pick(en), description_localizations: localizations(pick) };
}

/** A choice's name in every language, as Discord wants it. */
export function named(pick: (texts: Texts) => string) {
  return { name: pick(en), name_localizations: localizations(pick) };
}
