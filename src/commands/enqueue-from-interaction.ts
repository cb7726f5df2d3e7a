import {
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  DiscordAPIError,
  InteractionContextType,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
  PermissionFlagsBits,
  RESTJSONErrorCodes,
  type StringSelectMenuInteraction,
  type UserContextMenuCommandInteraction,
} from 'discord.js';
import type { PictureFile } from '../bot/download.ts';
import type { FoundPicture } from '../bot/find-pictures.ts';
import { type Place, placeOf } from '../bot/place.ts';
import { parseReplyAddress, type ReplyAddress } from '../bot/reply-address.ts';
import { UserError } from '../errors.ts';
import type { JobRequest, NewJob } from '../storage/job.ts';
import { checkPermissions, checkPlace, rolesOf } from './check-place.ts';
import type { CommandContext } from './command.ts';
import { localeOf } from './i18n.ts';

/** How long an interaction's token takes edits. */
export const tokenLifeMs = 15 * 60_000;

/** Where the token is the only way back, longer waits are refused: the upload needs the rest. */
const longestTokenWaitMs = 13 * 60_000;

/** What Discord takes everywhere, in bytes: for an interaction that does not say what it takes. */
const leastAttachmentBytes = 10 * 1024 * 1024;

/** What somebody wants of a picture. */
export type ClipRequest = Pick<JobRequest, 'settings' | 'fit' | 'form' | 'parent'>;

/** An interaction that is answered with a message of its own. */
export type AskingInteraction =
  | ChatInputCommandInteraction
  | MessageContextMenuCommandInteraction
  | UserContextMenuCommandInteraction
  | ButtonInteraction
  | StringSelectMenuInteraction
  | ModalSubmitInteraction;

type HiddenOrNot<Picture> = Picture & Pick<FoundPicture, 'isSpoiler'>;

/** What {@link enqueueFromInteraction} takes besides. */
export interface SubmitOptions {
  /** For the asker's eyes alone. */
  isPrivate: boolean;
  clipRequest: ClipRequest;
  /**
   * The picture's file, or another job that has the picture. A function finds it out: it is called when nothing else
   * stands against the request, and after the first answer, so it may take its time. What is hidden until somebody clicks
   * it becomes a clip that is.
   */
  picture: HiddenOrNot<PictureFile> | (() => Promise<HiddenOrNot<PictureFile | { jobId: string }>>);
  /** The picture that the clip ends with, as its first one: a file, or another job that ends with it. */
  endPicture?: HiddenOrNot<PictureFile> | { jobId: string };
  /** What nobody can ask for twice, as in {@link NewJob}. */
  uniqueKey?: string;
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
  { isPrivate, clipRequest, picture, endPicture, uniqueKey }: SubmitOptions,
): Promise<void> {
  const { jobs, clock, guildSettings, maxUploadBytes, download } = context;
  const tokenExpiresAtMs = clock.now() + tokenLifeMs;
  const { guildId, user } = interaction;
  const settings = await guildSettings.of(guildId);
  const place = placeOf(
    { guildId, channelId: interaction.channelId, raw: context.rawInteraction(interaction.id)?.channel },
    interaction.client.channels.cache,
  );
  checkPlace(place, rolesOf(interaction.member), settings);
  const hasChannelRoute = isMember(interaction) && mayEnter(place, interaction);
  checkPermissions(place, interaction.appPermissions, { hasChannelRoute });
  // Discord's types promise the limit; it may be missing all the same, and NaN would be no limit at all.
  const discordBytes: number | undefined = interaction.attachmentSizeLimit;
  const maxBytes = Math.min(
    discordBytes || leastAttachmentBytes,
    maxUploadBytes,
    settings.maxUploadBytes ?? maxUploadBytes,
  );
  const request: JobRequest = {
    ...clipRequest,
    ...(endPicture && { hasEndPicture: true }),
    userId: user.id,
    guildId,
    maxBytes,
  };
  if (request.hasEndPicture && request.form?.loop === 'seamless') {
    throw new UserError('end-of-seamless-loop', 'A seamless loop ends as it begins.');
  }
  await jobs.check(request);
  if (!hasChannelRoute) refuseLongWait(request, context);
  if (typeof picture !== 'function') download.check(picture);
  if (endPicture && 'url' in endPicture) download.check(endPicture);
  const flags = isPrivate ? ({ flags: MessageFlags.Ephemeral } as const) : {};
  const answer = await deferred(interaction, flags);
  const found = typeof picture === 'function' ? await picture() : picture;
  const kept = await keptPicture(found, context);
  const keptEnd = endPicture && { endPicture: await keptPicture(endPicture, context) };
  const address = addressOf(interaction, {
    tokenExpiresAtMs,
    hasChannelRoute,
    isEphemeral: isPrivate,
    isSpoiler: found.isSpoiler || (endPicture !== undefined && 'url' in endPicture && endPicture.isSpoiler),
    messageId: answer.id,
    channelId: interaction.channelId ?? answer.channelId,
    locale: await localeOf(interaction, guildSettings),
  });
  // Meanwhile others may have asked: it looks again.
  await jobs.submit({ ...request, address, picture: kept, ...keptEnd, ...(uniqueKey !== undefined && { uniqueKey }) });
}

/** What a job keeps: the file's bytes, looked at, or another job's picture. */
async function keptPicture(
  picture: PictureFile | { jobId: string },
  { download }: Pick<CommandContext, 'download'>,
): Promise<NewJob['picture']> {
  return 'jobId' in picture ? { jobId: picture.jobId } : download(picture);
}

/**
 * Whether the bot itself may write there. A server can have installed the commands without the bot, so an installation
 * says nothing; the servers that the gateway told of do. With the person alone it always may.
 */
function isMember({ client, guildId, context }: Pick<AskingInteraction, 'client' | 'guildId' | 'context'>): boolean {
  return guildId === null ? context === InteractionContextType.BotDM : client.guilds.cache.has(guildId);
}

/** Private threads are closed to the bot but for the interaction's token, unless it was added to them. */
function mayEnter(
  { isPrivateToOthers }: Place,
  { appPermissions }: Pick<AskingInteraction, 'appPermissions'>,
): boolean {
  return !isPrivateToOthers || appPermissions.has(PermissionFlagsBits.ManageThreads);
}

/**
 * Answers that the bot is at it. Discord may have taken that although it looked like a failure (a 502, say): then its answer
 * to the second try is 40060, and the message is there.
 */
export async function deferred(
  interaction: AskingInteraction,
  flags: { flags?: MessageFlags.Ephemeral },
): Promise<{ id: string; channelId: string }> {
  try {
    const { resource } = await interaction.deferReply({ withResponse: true, ...flags });
    return resource?.message ?? (await interaction.fetchReply());
  } catch (error) {
    const isTaken =
      error instanceof DiscordAPIError && error.code === RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged;
    if (!isTaken) throw error;
    return interaction.fetchReply();
  }
}

/**
 * Where the news of a job goes that an interaction asked for.
 * @throws z.ZodError the interaction lacks what no answer can do without
 */
export function addressOf(
  { applicationId, user, token }: Pick<AskingInteraction, 'applicationId' | 'user' | 'token'>,
  {
    channelId,
    ...rest
  }: Omit<ReplyAddress, 'applicationId' | 'userId' | 'token' | 'channelId'> & { channelId: string | null },
): ReplyAddress {
  // Without a channel there is the token alone.
  const hasChannelRoute = rest.hasChannelRoute && Boolean(channelId);
  return parseReplyAddress({
    applicationId,
    userId: user.id,
    token,
    ...rest,
    channelId: channelId ?? '',
    hasChannelRoute,
  });
}

function refuseLongWait(request: JobRequest, { jobs, clock }: CommandContext): void {
  const { endsAtMs } = jobs.estimatePosition(request);
  if (endsAtMs === undefined) return;
  const waitMs = endsAtMs - clock.now();
  if (waitMs <= longestTokenWaitMs) return;
  throw new UserError('wait-too-long', 'Here the bot can answer for a quarter of an hour only.', {
    details: { freeAtMs: endsAtMs },
  });
}
