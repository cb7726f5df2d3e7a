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
import type { SettingsMessages } from '../bot/languages/clip-messages.ts';
import { en } from '../bot/languages/en.ts';
import { UserError } from '../errors.ts';
import { type Interpolator, interpolators } from '../settings/clip.ts';
import { type FlatSettings, flatSettings } from '../settings/flat-settings.ts';
import type { MadeClip } from '../storage/clips.ts';
import type { Size } from '../util/rgb.ts';
import { everywhere } from './animate.ts';
import type { ButtonAction, CommandContext, MessageCommand } from './command.ts';
import { asCommandLine, type CommandAnswer, commandFor, describeOptions } from './describe-settings.ts';
import { messagesFor } from './i18n.ts';

/** The 📋 button: what the clip was made with, for the one who asks alone. */
export const settingsButton = {
  action: 'settings',
  async execute(interaction, jobId, context) {
    const known = await knownClip(jobId, context);
    if (known === undefined) throw new UserError('job-unknown', 'That job is not known.');
    await interaction.reply({
      content: await settingsText(known, interaction, context),
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
    const clip = await readSettingsOf(interaction, context);
    if (clip === undefined) throw new UserError('no-settings-there', 'That message has no clip with settings.');
    await interaction.editReply(await settingsText(clip, interaction, context));
  },
} satisfies MessageCommand;

async function readSettingsOf(
  { targetMessage, client, user }: MessageContextMenuCommandInteraction,
  context: CommandContext,
): Promise<DescribedClip | undefined> {
  // Under the bot's own buttons nothing has to be fetched, and a file that lost its settings does no harm.
  const isOwn = targetMessage.author.id === client.user.id;
  const jobId = isOwn ? jobIdOf(targetMessage.components.map((component) => component.toJSON())) : undefined;
  const known = jobId === undefined ? undefined : await knownClip(jobId, context);
  if (known !== undefined) return known;
  const clips = [...targetMessage.attachments.values()].filter(({ name }) => /\.(mp4|gif|webp)$/i.test(name));
  const settings = await context.readClipSettings(
    user.id,
    clips.map(({ url }) => url),
  );
  return settings && { settings };
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

/** A clip whose settings are told. */
interface DescribedClip {
  settings: FlatSettings;
  /** What the store knows besides, of a clip that was made here. */
  made?: MadeClip;
  /** The size that was asked for, before the shape decided. */
  requested?: Size;
}

async function knownClip(
  jobId: string,
  { archive, jobs, model }: CommandContext,
): Promise<Required<DescribedClip> | undefined> {
  const [made, job] = [await archive.made(jobId), await jobs.find(jobId)];
  if (made === undefined || job === undefined) return undefined;
  const { width, height } = { ...model.defaults, ...job.settings };
  const isExtended = made.extended || job.parent?.use === 'extend';
  return {
    settings: flatSettings({ ...made, ...(isExtended && { extended: true }) }),
    made,
    requested: { width, height },
  };
}

async function settingsText(
  { settings, made, requested }: DescribedClip,
  interaction: Pick<BaseInteraction | ButtonInteraction, 'guildId' | 'locale'>,
  { guildSettings, model }: CommandContext,
): Promise<string> {
  const messages = (await messagesFor(interaction, guildSettings)).clip.settings;
  const answer = commandFor(settings, { model, defaults: await guildSettings.of(interaction.guildId), requested });
  const facts = [...(made ? [messages.facts(factsOf(made))] : []), ...madeWith(settings, messages)].join(' ');
  return [facts, ...answerLines(settings, answer, messages)].filter(Boolean).join('\n');
}

function answerLines(settings: FlatSettings, answer: CommandAnswer, messages: SettingsMessages): string[] {
  const commandLine = [messages.commandLine, codeBlock(asCommandLine(settings))];
  const command = settings.hasEndPicture === true ? messages.commandOfTwo : messages.command;
  if ('command' in answer) return [command, codeBlock(answer.command), ...commandLine];
  const told = codeBlock(describeOptions(settings));
  switch (answer.without) {
    case 'incomplete':
      return [messages.incomplete, told];
    case 'extended':
      return [messages.without.extended, messages.lastPart, told];
    default:
      return [messages.without[answer.without], ...commandLine];
  }
}

function factsOf({ frames, fps, width, height, secondsPerStage }: MadeClip) {
  const seconds = Object.values(secondsPerStage).reduce((sum, part) => sum + part, 0);
  return { frames, fps, width, height, seconds };
}

/** How people know what computes frames in between. */
const interpolatorNames: Readonly<Record<Interpolator, string>> = {
  rife: 'RIFE',
  minterpolate: 'ffmpeg (minterpolate)',
};

function madeWith({ model, provider, interpolator }: FlatSettings, messages: SettingsMessages): string[] {
  if (model === undefined) return [];
  const made = messages.made({ model: harmless(model), provider: harmless(provider ?? '?') });
  // The file may come from anywhere.
  const known = interpolators.find((name) => name === interpolator);
  return known === undefined ? [made] : [made, messages.inBetween(interpolatorNames[known])];
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
