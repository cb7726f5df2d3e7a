import type { JsonObject, Snowflake } from './payloads.ts';
import { allPermissions, permission, privatePermissions, usualPermissions } from './permissions.ts';
import type { StoredChannel, ThreadState, World } from './world.ts';

/** ChannelType numbers. */
export const channelType = {
  text: 0,
  dm: 1,
  voice: 2,
  announcement: 5,
  announcementThread: 10,
  publicThread: 11,
  privateThread: 12,
  stage: 13,
  forum: 15,
  media: 16,
} as const;

/** Minutes without activity after which a thread is archived; the stand-in only reports it. */
const autoArchiveMinutes = 1440;

/** The bot's permissions in a channel, as `app_permissions` of an interaction there. */
export function appPermissions(channel: StoredChannel): bigint {
  if (channel.kind === 'guild') return channel.botPermissions;
  return channel.kind === 'dm' ? privatePermissions | permission.useExternalEmojis : privatePermissions;
}

/** A channel object as REST and the gateway give it. */
export function channelObject(world: World, channel: StoredChannel): JsonObject {
  const { id, type, lastMessageId, guildId, name, parentId, slowModeSeconds } = channel;
  const hasPins = type !== channelType.voice && type !== channelType.stage;
  const pins = hasPins ? { last_pin_timestamp: null } : {};
  const common = { id, type, last_message_id: lastMessageId, flags: 0, ...pins };
  if (guildId === null) return { ...common, recipients: channel.recipientIds.map((user) => userOf(world, user)) };
  const inGuild = { ...common, guild_id: guildId, name, parent_id: parentId, rate_limit_per_user: slowModeSeconds };
  if (channel.thread) return { ...inGuild, ...threadFields(world, channel, channel.thread) };
  return {
    ...inGuild,
    position: 0,
    nsfw: channel.nsfw,
    permission_overwrites: overwrites(world, channel),
    ...typeFields(type),
  };
}

function userOf(world: World, id: Snowflake): JsonObject {
  const stored = world.users.get(id);
  if (!stored) throw new RangeError(`The stand-in has no user ${id}.`);
  return stored.user;
}

/** What channels of some types have beside what all have. */
function typeFields(type: number): JsonObject {
  if (type === channelType.voice || type === channelType.stage)
    return { bitrate: 64_000, user_limit: 0, rtc_region: null };
  if (type !== channelType.forum && type !== channelType.media) return { topic: null };
  const layout = type === channelType.forum ? { default_forum_layout: 0 } : {};
  return { topic: null, available_tags: [], default_reaction_emoji: null, default_sort_order: null, ...layout };
}

/** The thread-specific fields: https://docs.discord.com/developers/topics/threads#thread-fields. */
function threadFields(world: World, { id, type }: StoredChannel, thread: ThreadState): JsonObject {
  const messages = [...world.messages.values()].filter(({ message }) => message.channel_id === id).length;
  return {
    owner_id: thread.ownerId,
    thread_metadata: {
      archived: thread.archived,
      archive_timestamp: thread.archiveChangedAt,
      auto_archive_duration: autoArchiveMinutes,
      locked: thread.locked,
      create_timestamp: thread.createdAt,
      ...(type === channelType.privateThread ? { invitable: true } : {}),
    },
    message_count: messages,
    total_message_sent: messages,
    member_count: thread.botIsMember ? 2 : 1,
    ...(thread.appliedTags ? { applied_tags: thread.appliedTags } : {}),
    ...(thread.botIsMember
      ? { member: { id, user_id: world.botUserId, join_timestamp: thread.createdAt, flags: 1 } }
      : {}),
  };
}

/** One overwrite for the bot, so that clients who compute permissions find just {@link StoredChannel.botPermissions}. */
function overwrites(world: World, channel: StoredChannel): JsonObject[] {
  if (channel.kind !== 'guild' || channel.botPermissions === usualPermissions) return [];
  const allow = channel.botPermissions;
  const deny = allPermissions & ~allow;
  return [{ id: world.botUserId, type: 1, allow: allow.toString(), deny: deny.toString() }];
}

/** The channels of the bot's guild without threads. */
export function guildChannels(world: World): StoredChannel[] {
  return [...world.channels.values()].filter(({ guildId, thread }) => guildId === world.guildId && thread === null);
}

/**
 * The threads that GUILD_CREATE lists: active ones that the bot may see. Archived ones "are not synced up-front"
 * (https://docs.discord.com/developers/topics/threads#active-archived-threads).
 */
export function activeThreads(world: World): StoredChannel[] {
  return [...world.channels.values()].filter(
    (channel) =>
      channel.guildId === world.guildId && channel.thread?.announced && !channel.thread.archived && seesThread(channel),
  );
}

/** Whether the bot sees a thread as far as membership decides: private ones as a member or with MANAGE_THREADS. */
export function seesThread({ type, thread, botPermissions }: StoredChannel): boolean {
  if (!thread || type !== channelType.privateThread) return true;
  return thread.botIsMember || (botPermissions & permission.manageThreads) !== 0n;
}
