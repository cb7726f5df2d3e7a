import {
  ApplicationCommandType,
  type BaseInteraction,
  type ButtonInteraction,
  type Message,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
} from 'discord.js';
import { parseButtonId } from '../bot/button-id.ts';
import { localizations } from '../bot/languages/choose-messages.ts';
import { en } from '../bot/languages/en.ts';
import type { SettingsRecord } from '../bot/read-clip-settings.ts';
import { UserError } from '../errors.ts';
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
): Promise<SettingsRecord | undefined> {
  // Under the bot's own buttons nothing has to be fetched, and a file that lost its settings does no harm.
  const jobId = targetMessage.author.id === client.user.id ? jobIdOf(targetMessage) : undefined;
  const known = jobId === undefined ? undefined : await settingsOf(jobId, context);
  if (known !== undefined) return known;
  const clips = [...targetMessage.attachments.values()].filter(({ name }) => /\.(mp4|gif|webp)$/i.test(name));
  return context.readClipSettings(
    user.id,
    clips.map(({ url }) => url),
  );
}

/** The job whose buttons a message of the bot carries. */
export function jobIdOf({ components }: Pick<Message, 'components'>): string | undefined {
  for (const row of components) {
    if (!('components' in row)) continue;
    for (const component of row.components) {
      const press = 'customId' in component && component.customId ? parseButtonId(component.customId) : undefined;
      if (press !== undefined) return press.jobId;
    }
  }
  return undefined;
}

async function settingsOf(jobId: string, { archive }: CommandContext): Promise<SettingsRecord | undefined> {
  const made = await archive.made(jobId);
  if (made === undefined) return undefined;
  const { settings, fit, form, model, provider } = made;
  const { guidanceInterval, ...flat } = settings;
  // As files carry it.
  const interval = guidanceInterval === undefined ? {} : { guidanceInterval: guidanceInterval.join(',') };
  return { model, ...flat, ...interval, fit, ...form, provider };
}

async function settingsText(
  settings: SettingsRecord,
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
