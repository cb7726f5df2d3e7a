import type { Message } from 'discord.js';
import type { PictureFile } from '../bot/download.ts';
import { parseReplyAddress } from '../bot/reply-address.ts';
import type { JobRequest } from '../storage/job.ts';
import { defaultRequest } from './animate-options.ts';
import { checkPermissions, checkPlace } from './check-place.ts';
import type { CommandContext } from './command.ts';

/** A reaction that asks for a clip. */
export interface ReactionRequest {
  message: Message;
  /** Who reacted. */
  userId: string;
  /** The language of the answer: no reaction says its person's own. */
  locale: string;
}

/**
 * Holds a reaction to everything that can be known before its picture is fetched and anything is posted: the limits,
 * the place and who may ask there, and what the bot may do there.
 *
 * @throws UserError what stands against it
 */
export async function checkReaction(reaction: ReactionRequest, context: CommandContext): Promise<void> {
  const { guildId, channelId, channel, guild } = reaction.message;
  await context.jobs.check(await requestOf(reaction, context));
  const settings = await context.guildSettings.of(guildId);
  // Only roles have to be asked for.
  const member = guild === null || settings.roleIds.length === 0 ? null : await guild.members.fetch(reaction.userId);
  checkPlace({ guildId, channelId, channel, member }, settings);
  const permissions =
    channel.isDMBased() || guild?.members.me == null ? null : channel.permissionsFor(guild.members.me);
  if (permissions !== null) checkPermissions({ guildId, channel, appPermissions: permissions }, { isMember: true });
}

/**
 * Fetches the picture and makes it a job whose news goes into the bot's answer to the message.
 *
 * @throws UserError what stands against it
 */
export async function enqueueFromReaction(
  reaction: ReactionRequest,
  { picture, answerId }: { picture: PictureFile; answerId: string },
  context: CommandContext,
): Promise<void> {
  const { message, userId, locale } = reaction;
  const { channelId, client } = message;
  const bytes = await context.download(picture);
  await context.jobs.submit({
    ...(await requestOf(reaction, context)),
    picture: bytes,
    address: parseReplyAddress({
      applicationId: client.application.id,
      channelId,
      messageId: answerId,
      userId,
      // There is no token, so the bot's own right in the channel is the only way.
      token: '',
      tokenExpiresAtMs: 0,
      hasChannelRoute: true,
      isEphemeral: false,
      locale,
    }),
  });
}

async function requestOf(
  { message: { guildId }, userId }: ReactionRequest,
  context: CommandContext,
): Promise<JobRequest> {
  const { guildSettings, maxUploadBytes, model } = context;
  const settings = await guildSettings.of(guildId);
  return {
    ...defaultRequest(model, settings.preset),
    userId,
    guildId,
    // No interaction says what Discord takes here.
    maxBytes: Math.min(maxUploadBytes, settings.maxUploadBytes ?? maxUploadBytes),
  };
}
