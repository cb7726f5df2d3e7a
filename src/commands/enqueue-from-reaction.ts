import type { PermissionsBitField } from 'discord.js';
import type { FoundPicture } from '../bot/find-pictures.ts';
import type { Place } from '../bot/place.ts';
import { parseReplyAddress } from '../bot/reply-address.ts';
import type { JobRequest } from '../storage/job.ts';
import { defaultRequest } from './animate-options.ts';
import { checkPermissions, checkPlace } from './check-place.ts';
import type { CommandContext } from './command.ts';

/** A reaction that asks for a clip. */
export interface ReactionRequest {
  place: Place;
  channelId: string;
  /** The message that the emoji was put under. */
  messageId: string;
  /** Who reacted. */
  userId: string;
  /** The language of the answer: no reaction says its person's own. */
  locale: string;
}

/** What of a guild's member and of the bot there {@link checkReaction} looks at. */
export interface ReactionRights {
  /** Roles of the person; asked for only where roles matter. */
  roleIds: () => Promise<readonly string[]>;
  /** The bot's in that place; undefined where they are not known, and outside of servers. */
  permissions: Readonly<PermissionsBitField> | undefined;
}

/**
 * Holds a reaction to everything that can be known before its message and picture are fetched and anything is posted: the
 * place and who may ask there, what the bot may do there, and the limits.
 *
 * @throws UserError what stands against it
 */
export async function checkReaction(
  reaction: ReactionRequest,
  { roleIds, permissions }: ReactionRights,
  context: CommandContext,
): Promise<void> {
  const { place } = reaction;
  const settings = await context.guildSettings.of(place.guildId);
  checkPlace(place, settings.roleIds.length === 0 ? [] : await roleIds(), settings);
  if (permissions !== undefined) checkPermissions(place, permissions, { hasChannelRoute: true });
  await context.jobs.check(await requestOf(reaction, context));
}

/** What makes a person's reactions to one message the same request, however often they are put on. */
export function uniqueKeyOf({ userId, messageId }: Pick<ReactionRequest, 'userId' | 'messageId'>): string {
  return `reaction ${messageId} ${userId}`;
}

/**
 * Fetches the picture and makes it a job whose news goes into the bot's answer to the message.
 *
 * @throws UserError what stands against it
 */
export async function enqueueFromReaction(
  reaction: ReactionRequest,
  { found, answerId, applicationId }: { found: FoundPicture; answerId: string; applicationId: string },
  context: CommandContext,
): Promise<void> {
  const { channelId, userId, locale } = reaction;
  const picture = await context.download(found);
  await context.jobs.submit({
    ...(await requestOf(reaction, context)),
    picture,
    uniqueKey: uniqueKeyOf(reaction),
    address: parseReplyAddress({
      applicationId,
      channelId,
      messageId: answerId,
      userId,
      // There is no token, so the bot's own right in the channel is the only way.
      token: '',
      tokenExpiresAtMs: 0,
      hasChannelRoute: true,
      isEphemeral: false,
      isSpoiler: found.isSpoiler,
      locale,
    }),
  });
}

async function requestOf(
  { place: { guildId }, userId }: ReactionRequest,
  context: CommandContext,
): Promise<JobRequest> {
  const { guildSettings, maxUploadBytes, model } = context;
  const settings = await guildSettings.of(guildId);
  return {
    ...defaultRequest(model, settings),
    userId,
    guildId,
    // No interaction says what Discord takes here.
    maxBytes: Math.min(maxUploadBytes, settings.maxUploadBytes ?? maxUploadBytes),
  };
}
