import {
  type APIMessage,
  ApplicationCommandType,
  type BaseInteraction,
  type ButtonInteraction,
  ComponentType,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
} from 'discord.js';
import { parseButtonId } from '../bot/button-id.ts';
import { localizations } from '../bot/languages/choose-messages.ts';
import { en } from '../bot/languages/en.ts';
import { UserError } from '../errors.ts';
import { type FlatSettings, flatSettings } from '../settings/flat-settings.ts';
import { everywhere } from './animate.ts';
import type { ButtonAction, CommandContext, MessageCommand } from './command.ts';
import { asCommand, asCommandLine } from './describe-settings.ts';
import { messagesFor } from './i18n.ts';

/** The 📋 button: what the clip was made with, for the one who asks alone. */
export const settingsButton = {
  action: 'settings',
  async execute(interaction, jobId, context) {
    const settings = await settingsOf(jobId, context);
    if (settings === undefined) throw new UserError('job-unknown', 'That job is not known.');
    await interaction.reply({
      content: await settingsText(settings, interaction, context),
      flags: MessageFlags.Ephemeral,
    });
  },
} satisfies ButtonAction;

/** "Apps → Settings" on any message with a clip: read from its file, which may have travelled. */
export const settingsMessage = {
  name: en.clip.menus.settings,
  declare: () => ({
    type: ApplicationCommandType.Message,
    name: en.clip.menus.settings,
    name_localizations: localizations((messages) => messages.clip.menus.settings),
    ...everywhere,
  }),
  async execute(interaction, context) {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    const settings = await readSettingsOf(interaction, context);
    if (settings === undefined) throw new UserError('no-settings-there', 'That message has no clip with settings.');
    await interaction.editReply(await settingsText(settings, interaction, context));
  },
} satisfies MessageCommand;

async function readSettingsOf(
  { targetMessage, client, user }: MessageContextMenuCommandInteraction,
  context: CommandContext,
): Promise<FlatSettings | undefined> {
  // Under the bot's own buttons nothing has to be fetched, and a file that lost its settings does no harm.
  const isOwn = targetMessage.author.id === client.user.id;
  const jobId = isOwn ? jobIdOf(targetMessage.components.map((component) => component.toJSON())) : undefined;
  const known = jobId === undefined ? undefined : await settingsOf(jobId, context);
  if (known !== undefined) return known;
  const clips = [...targetMessage.attachments.values()].filter(({ name }) => /\.(mp4|gif|webp)$/i.test(name));
  return context.readClipSettings(
    user.id,
    clips.map(({ url }) => url),
  );
}

/** The job whose buttons a message of the bot carries. */
export function jobIdOf(components: APIMessage['components']): string | undefined {
  for (const row of components ?? []) {
    if (row.type !== ComponentType.ActionRow) continue;
    for (const component of row.components) {
      const press = 'custom_id' in component ? parseButtonId(component.custom_id) : undefined;
      if (press !== undefined) return press.jobId;
    }
  }
  return undefined;
}

async function settingsOf(jobId: string, { archive }: CommandContext): Promise<FlatSettings | undefined> {
  const made = await archive.made(jobId);
  return made && flatSettings(made);
}

async function settingsText(
  settings: FlatSettings,
  interaction: Pick<BaseInteraction | ButtonInteraction, 'guildId' | 'locale'>,
  { guildSettings }: CommandContext,
): Promise<string> {
  const { clip: messages } = await messagesFor(interaction, guildSettings);
  const { model, provider } = settings;
  return [
    messages.settings,
    codeBlock(asCommand(settings)),
    codeBlock(asCommandLine(settings)),
    ...(model === undefined ? [] : [messages.made({ model: harmless(model), provider: harmless(provider ?? '?') })]),
  ].join('\n');
}

function codeBlock(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``;
}

/** Names out of files are shown without anything that Discord would act on. */
function harmless(value: string | number | boolean): string {
  return String(value)
    .replace(/[^\p{L}\p{N} ._-]/gu, '')
    .slice(0, 80);
}
