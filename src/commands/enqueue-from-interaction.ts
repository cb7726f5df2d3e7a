import {
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  InteractionContextType,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
  type StringSelectMenuInteraction,
} from 'discord.js';
import type { ReplyAddress } from '../bot/reply-address.ts';
import { UserError } from '../errors.ts';
import type { JobRequest, NewJob } from '../storage/job.ts';
import { checkPermissions } from './check-permissions.ts';
import { checkPlace } from './check-place.ts';
import type { CommandContext } from './command.ts';
import { localeOf } from './i18n.ts';

/** How long an interaction's token takes edits. */
export const tokenLifeMs = 15 * 60_000;

/** Where the token is the only way back, longer waits are refused: the upload needs the rest. */
const longestTokenWaitMs = 13 * 60_000;

/** What somebody wants of a picture. */
export type ClipRequest = Pick<JobRequest, 'settings' | 'fit' | 'form' | 'parent'>;

/** An interaction that is answered with a message of its own. */
export type AskingInteraction =
  | ChatInputCommandInteraction
  | MessageContextMenuCommandInteraction
  | ButtonInteraction
  | StringSelectMenuInteraction
  | ModalSubmitInteraction;

/** What {@link enqueueFromInteraction} takes besides. */
export interface SubmitOptions {
  /** For the asker's eyes alone. */
  isPrivate: boolean;
  clipRequest: ClipRequest;
  /** Called when nothing else stands against the request, and after the first answer: so it may take its time. */
  fetchPicture: () => Promise<NewJob['picture']>;
}

/**
 * The way from every interaction into the queue: holds what is wanted to the rules, answers, then fetches the picture,
 * and makes it a job whose news goes into that answer. All that needs nothing from outside comes before the answer, so a refusal is
 * told to the asker alone, and nobody makes the bot fetch anything for a job that it would not take.
 *
 * @throws UserError what stands against it
 */
export async function enqueueFromInteraction(
  interaction: AskingInteraction,
  context: CommandContext,
  { isPrivate, clipRequest, fetchPicture }: SubmitOptions,
): Promise<void> {
  const { jobs, clock, guildSettings, maxUploadBytes } = context;
  const tokenExpiresAtMs = clock.now() + tokenLifeMs;
  const { guildId, user } = interaction;
  const settings = await guildSettings.of(guildId);
  checkPlace(interaction, settings);
  const hasChannelRoute = isMember(interaction);
  checkPermissions(interaction, { isMember: hasChannelRoute });
  const maxBytes = Math.min(interaction.attachmentSizeLimit, maxUploadBytes, settings.maxUploadBytes ?? maxUploadBytes);
  const request: JobRequest = { ...clipRequest, userId: user.id, guildId, maxBytes };
  await jobs.check(request);
  if (!hasChannelRoute) refuseLongWait(clipRequest, context);
  const flags = isPrivate ? ({ flags: MessageFlags.Ephemeral } as const) : {};
  const { resource } = await interaction.deferReply({ withResponse: true, ...flags });
  const picture = await fetchPicture();
  const address = addressOf(interaction, {
    tokenExpiresAtMs,
    hasChannelRoute,
    isEphemeral: isPrivate,
    messageId: resource?.message?.id ?? (await interaction.fetchReply()).id,
    locale: await localeOf(interaction, guildSettings),
  });
  // Meanwhile others may have asked: it looks again.
  await jobs.submit({ ...request, address, picture });
}

/**
 * Whether the bot itself may write there. A server can have installed the commands without the bot, so an installation
 * says nothing; the servers that the gateway told of do. With the person alone it always may.
 */
function isMember({ client, guildId, context }: Pick<AskingInteraction, 'client' | 'guildId' | 'context'>): boolean {
  return guildId === null ? context === InteractionContextType.BotDM : client.guilds.cache.has(guildId);
}

/** Where the news of a job goes that an interaction asked for. */
export function addressOf(
  { applicationId, channelId, user, token }: Pick<AskingInteraction, 'applicationId' | 'channelId' | 'user' | 'token'>,
  rest: Omit<ReplyAddress, 'applicationId' | 'channelId' | 'userId' | 'token'>,
): ReplyAddress {
  return { applicationId, channelId: channelId ?? '', userId: user.id, token, ...rest };
}

function refuseLongWait(clipRequest: ClipRequest, { jobs, clock }: CommandContext): void {
  const { endsAtMs } = jobs.estimatePosition(clipRequest);
  if (endsAtMs === undefined) return;
  const waitMs = endsAtMs - clock.now();
  if (waitMs <= longestTokenWaitMs) return;
  throw new UserError('wait-too-long', 'Here the bot can answer for a quarter of an hour only.', {
    details: { minutes: Math.ceil(waitMs / 60_000) },
  });
}
