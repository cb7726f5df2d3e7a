import {
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  type ChatInputCommandInteraction,
  DiscordAPIError,
  InteractionContextType,
  MessageFlags,
  PermissionFlagsBits,
  RESTJSONErrorCodes,
} from 'discord.js';
import { UserError } from '../errors.ts';
import { formatNames } from '../settings/clip-form.ts';
import type { GuildSettings } from '../storage/guild-settings.ts';
import { limitNames } from '../storage/limits.ts';
import type { Command } from './command.ts';
import { localizedDescription, messagesFor } from './i18n.ts';
import { channelOrRole, limitOptions, noPreset, optionNameOf, settingOptions } from './kinora-config-options.ts';
import { settingsView } from './kinora-config-view.ts';

const megabyte = 1024 * 1024;

/** Channels or roles that a list may hold: each request for a clip walks through it. */
const maxListed = 100;

/** `/kinora-config`: what a guild's managers decide for it. Every answer shows the settings that hold from then on. */
export const kinoraConfig = {
  name: 'kinora-config',
  declare: (model) => ({
    name: 'kinora-config',
    ...localizedDescription((messages) => messages.config.description),
    default_member_permissions: PermissionFlagsBits.ManageGuild.toString(),
    contexts: [InteractionContextType.Guild],
    integration_types: [ApplicationIntegrationType.GuildInstall],
    options: (
      [
        ['show', []],
        ['set', settingOptions(model)],
        ['limits', limitOptions()],
        ['allow', channelOrRole()],
        ['disallow', channelOrRole()],
        ['reset', []],
      ] as const
    ).map(([name, options]) => ({
      type: ApplicationCommandOptionType.Subcommand as const,
      name,
      ...localizedDescription((messages) => messages.config.subcommands[name]),
      options: [...options],
    })),
  }),
  async execute(interaction, { guildSettings, limits }) {
    const { guildId, memberPermissions, options } = interaction;
    // Whoever re-mapped the command in the server's settings cannot hand out more than this.
    if (guildId === null || !memberPermissions?.has(PermissionFlagsBits.ManageGuild)) {
      throw new UserError('managers-only', 'Only who manages the server may do this.');
    }
    const name = options.getSubcommand();
    const before = await guildSettings.of(guildId);
    if (name === 'reset') await guildSettings.clear(guildId);
    // From what holds at that moment: somebody else may be changing them too.
    const settings = await guildSettings.change(guildId, (current) => changesOf(name, options, current));
    try {
      const content = settingsView(settings, { limits, messages: await messagesFor(interaction, guildSettings) });
      await interaction.reply({ content, flags: MessageFlags.Ephemeral });
    } catch (error) {
      // The answer is there, and only its receipt was lost.
      if (isAnswered(error)) return;
      // Nobody was told of the change, so there is none.
      await guildSettings.change(guildId, () => ({ ...unset, ...before }));
      throw error;
    }
  },
} satisfies Command;

/** What stored settings may leave out: named here, so that it is left out again. */
const unset = { preset: undefined, locale: undefined, maxUploadBytes: undefined } satisfies Partial<GuildSettings>;

/** Whether the interaction has its answer already: a repeated request finds the first one's. */
function isAnswered(error: unknown): boolean {
  return error instanceof DiscordAPIError && error.code === RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged;
}

type Options = ChatInputCommandInteraction['options'];

function changesOf(name: string, options: Options, before: GuildSettings): Partial<GuildSettings> | undefined {
  switch (name) {
    case 'set':
      return changedSettings(options);
    case 'limits':
      return { limits: { ...before.limits, ...changedLimits(options) } };
    case 'allow':
    case 'disallow': {
      const [channel, role] = [options.getChannel('channel'), options.getRole('role')];
      const change = name === 'allow' ? added : removed;
      return { channelIds: change(before.channelIds, channel?.id), roleIds: change(before.roleIds, role?.id) };
    }
    default:
      return undefined;
  }
}

function changedSettings(options: Options): Partial<GuildSettings> {
  const [spoiler, ping] = [options.getBoolean('spoiler'), options.getBoolean('ping')];
  const previews = options.getBoolean('previews');
  const ageRestrictedOnly = options.getBoolean('age-restricted-only');
  const preset = options.getString('preset');
  const format = formatNames.find((name) => name === options.getString('format'));
  const [language, maxUpload] = [options.getString('language'), options.getInteger('max-upload')];
  return {
    ...(preset !== null && { preset: preset === noPreset ? undefined : preset }),
    ...(format !== undefined && { format }),
    ...(spoiler !== null && { spoiler }),
    ...(previews !== null && { previews }),
    ...(ping !== null && { ping }),
    ...(ageRestrictedOnly !== null && { ageRestrictedOnly }),
    ...(language !== null && { locale: language === 'auto' ? undefined : language }),
    ...(maxUpload !== null && { maxUploadBytes: maxUpload === 0 ? undefined : maxUpload * megabyte }),
  };
}

function changedLimits(options: Options): GuildSettings['limits'] {
  const chosen = limitNames.map((name) => [name, options.getInteger(optionNameOf[name])] as const);
  return Object.fromEntries(chosen.filter(([, value]) => value !== null));
}

/** @throws UserError `list-full` */
function added(ids: readonly string[], id: string | undefined): string[] {
  if (id === undefined || ids.includes(id)) return [...ids];
  if (ids.length >= maxListed) {
    throw new UserError('list-full', 'The list is full.', { details: { limit: maxListed } });
  }
  return [...ids, id];
}

function removed(ids: readonly string[], id: string | undefined): string[] {
  return ids.filter((other) => other !== id);
}
