import { seesThread } from './channel-objects.ts';
import type { Snowflake } from './payloads.ts';
import { permission } from './permissions.ts';
import { refuse } from './refusal.ts';
import type { StoredChannel, StoredMessage, World } from './world.ts';

/**
 * The channel, if the bot may use it with its own token.
 * @throws Refusal 10003 unknown, 50001 where it is not or sees nothing, 50013 without one of the `needed` bits.
 */
export function accessChannel(world: World, channelId: Snowflake | undefined, needed = 0n): StoredChannel {
  const channel = world.channels.get(channelId ?? '');
  if (!channel) throw refuse('unknownChannel');
  if (channel.kind !== 'guild' && channel.kind !== 'dm') throw refuse('missingAccess');
  if ((channel.botPermissions & permission.viewChannel) === 0n) throw refuse('missingAccess');
  if (!seesThread(channel)) throw refuse('missingAccess');
  if ((channel.botPermissions & inThread(channel, needed)) !== inThread(channel, needed))
    throw refuse('missingPermissions');
  return channel;
}

/**
 * A message as the channel routes know it: ephemeral ones do not exist there.
 * @throws Refusal 10008.
 */
export function accessMessage(world: World, channel: StoredChannel, messageId: Snowflake | undefined): StoredMessage {
  const stored = world.messages.get(messageId ?? '');
  if (!stored || stored.message.channel_id !== channel.id || stored.visibleTo !== null) throw refuse('unknownMessage');
  return stored;
}

/** In threads SEND_MESSAGES_IN_THREADS counts, and SEND_MESSAGES does not. */
function inThread({ thread }: StoredChannel, needed: bigint): bigint {
  if (!thread || (needed & permission.sendMessages) === 0n) return needed;
  return (needed & ~permission.sendMessages) | permission.sendMessagesInThreads;
}
