import { partialMember } from './entities.ts';
import { intent } from './gateway-codes.ts';
import type { MessageContent } from './message-content.ts';
import { emojiObject, messageEvent, reachesBot, renderMessage } from './message-view.ts';
import type { ApiMessage, ApiUser, JsonObject, Snowflake } from './payloads.ts';
import { refuse } from './refusal.ts';
import type { StoredChannel, StoredInteraction, StoredMessage, World } from './world.ts';

/** Message flags of answers to interactions. */
export const messageFlag = { ephemeral: 1 << 6, loading: 1 << 7 } as const;

/** What a new message needs beside its content. */
export interface NewMessage {
  channel: StoredChannel;
  author: ApiUser;
  content: MessageContent;
  /** 0 plain, 19 reply, 20 slash command's answer, 23 context menu's answer. */
  type?: number;
  flags?: number;
  visibleTo?: Snowflake | null;
  /** The interaction that it answers or follows up on. */
  interaction?: StoredInteraction;
  /** Default: a new one. */
  id?: Snowflake;
  /** Further fields: nonce, message_reference, interaction_metadata … */
  extra?: JsonObject;
}

/** Stores a message and tells people and the bot. */
export function addMessage(world: World, draft: NewMessage): StoredMessage {
  const { channel, visibleTo = null } = draft;
  if (visibleTo === null && draft.author.id === world.botUserId) checkAutoMod(world, channel, draft.content);
  const message: ApiMessage = {
    id: draft.id ?? world.snowflake(),
    channel_id: channel.id,
    author: draft.author,
    ...draft.content,
    timestamp: new Date(world.now()).toISOString(),
    edited_timestamp: null,
    type: draft.type ?? 0,
    flags: draft.flags ?? 0,
    tts: false,
    pinned: false,
    mention_everyone: false,
    mention_roles: [],
    ...draft.extra,
  };
  const stored: StoredMessage = {
    message,
    visibleTo,
    reactions: new Map(),
  };
  world.messages.set(message.id, stored);
  channel.lastMessageId = message.id;
  draft.interaction?.messageIds.push(message.id);
  if (draft.interaction) draft.interaction.originalId ??= message.id;
  tell(world, 'message-create', stored);
  return stored;
}

/** Changes a message and tells people and the bot. The edit mark is set unless the message was "thinking". */
export function editMessage(world: World, stored: StoredMessage, content: MessageContent, flags?: number): void {
  const channel = world.channels.get(stored.message.channel_id) as StoredChannel;
  if (stored.visibleTo === null) checkAutoMod(world, channel, content);
  const wasLoading = (stored.message.flags & messageFlag.loading) !== 0;
  Object.assign(stored.message, content);
  stored.message.flags = (flags ?? stored.message.flags) & ~messageFlag.loading;
  if (!wasLoading) stored.message.edited_timestamp = new Date(world.now()).toISOString();
  tell(world, 'message-update', stored);
}

/**
 * "Updating a message can result in a 400 response if the content of the message was blocked by AutoMod":
 * https://docs.discord.com/developers/change-log, 27 June 2024.
 */
function checkAutoMod(world: World, channel: StoredChannel, { content, embeds }: MessageContent): void {
  const pattern = world.autoMod.get(channel.parentId ?? channel.id) ?? world.autoMod.get(channel.id);
  const isBlocked =
    pattern !== undefined && [content, JSON.stringify(embeds)].some((text) => text.search(pattern) >= 0);
  if (isBlocked) throw refuse('blockedByAutoMod');
}

/** Deletes a message and tells people and the bot. */
export function removeMessage(world: World, stored: StoredMessage): void {
  const { id: messageId, channel_id: channelId } = stored.message;
  const channel = world.channels.get(channelId) as StoredChannel;
  world.messages.delete(messageId);
  world.changes.emit({ kind: 'message-delete', messageId, channelId });
  if (!reachesBot(channel, stored.visibleTo)) return;
  const data = { id: messageId, channel_id: channelId, ...guildOf(channel) };
  world.dispatches.emit({ event: 'MESSAGE_DELETE', intent: intent.messages(channel), data: () => data });
}

/** Adds or removes one person's reaction and tells people and the bot. Returns false when nothing changed. */
export function setReaction(
  world: World,
  stored: StoredMessage,
  { emoji, userId, on }: { emoji: string; userId: Snowflake; on: boolean },
): boolean {
  const users = stored.reactions.get(emoji) ?? new Set();
  if (users.has(userId) === on) return false;
  if (on) users.add(userId);
  else users.delete(userId);
  if (users.size > 0) stored.reactions.set(emoji, users);
  else stored.reactions.delete(emoji);
  const { id: messageId, channel_id: channelId } = stored.message;
  const channel = world.channels.get(channelId) as StoredChannel;
  world.changes.emit({ kind: on ? 'reaction-add' : 'reaction-remove', messageId, channelId, userId, emoji });
  if (!reachesBot(channel, stored.visibleTo)) return true;
  const user = world.users.get(userId)?.user;
  const data = {
    user_id: userId,
    channel_id: channelId,
    message_id: messageId,
    emoji: emojiObject(emoji),
    type: 0,
    burst: false,
    ...guildOf(channel),
    ...(on ? { message_author_id: stored.message.author.id } : {}),
    ...(on && channel.guildId && user ? { member: { ...partialMember(world, userId), user } } : {}),
  };
  const event = on ? 'MESSAGE_REACTION_ADD' : 'MESSAGE_REACTION_REMOVE';
  world.dispatches.emit({ event, intent: intent.reactions(channel), data: () => data });
  return true;
}

/** `guild_id` where there is one. */
export function guildOf(channel: StoredChannel): { guild_id?: Snowflake } {
  return channel.guildId ? { guild_id: channel.guildId } : {};
}

function tell(world: World, kind: 'message-create' | 'message-update', stored: StoredMessage): void {
  const channel = world.channels.get(stored.message.channel_id) as StoredChannel;
  world.changes.emit({ kind, message: renderMessage(world, stored), visibleTo: stored.visibleTo });
  if (!reachesBot(channel, stored.visibleTo)) return;
  world.dispatches.emit({
    event: kind === 'message-create' ? 'MESSAGE_CREATE' : 'MESSAGE_UPDATE',
    intent: intent.messages(channel),
    data: (messageContent) => messageEvent(world, stored, messageContent),
  });
}
