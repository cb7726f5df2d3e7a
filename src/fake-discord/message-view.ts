import { seesThread } from './channel-objects.ts';
import { partialMember } from './entities.ts';
import { isObject } from './form-rules.ts';
import { renderFiles } from './message-content.ts';
import type { ApiMessage, ApiReaction, JsonObject, Snowflake } from './payloads.ts';
import type { StoredChannel, StoredMessage, World } from './world.ts';

/** A message as everybody who may read it sees it, with fresh links; `viewer` counts as "me". A deep copy. */
export function renderMessage(world: World, stored: StoredMessage, viewer = world.botUserId): ApiMessage {
  const message: ApiMessage = { ...structuredClone(stored.message), ...renderFiles(world, stored.message) };
  if (stored.reactions.size > 0) {
    message.reactions = [...stored.reactions].map(([emoji, users]) => renderReaction(emoji, users, viewer));
  }
  if (message.type === 19) message.referenced_message = referenced(world, message, renderMessage);
  const snapshots = snapshotsOf(message).map((copy) => ({ ...copy, ...renderFiles(world, copy) }));
  if (snapshots.length > 0) message.message_snapshots = snapshots.map((copy) => ({ message: copy }));
  return message;
}

/**
 * The same as the bot gets it. Without the MessageContent intent, text, embeds, attachments and components of others
 * are empty, but in its DMs and where it is mentioned.
 */
export function renderForBot(world: World, stored: StoredMessage, messageContent: boolean): ApiMessage {
  const message = renderMessage(world, stored);
  const isDm = world.channels.get(message.channel_id)?.kind === 'dm';
  const isMine = message.author.id === world.botUserId;
  const mentionsMe = message.mentions.some((user) => user.id === world.botUserId);
  if (message.type === 19) {
    message.referenced_message = referenced(world, message, (...args) => renderForBot(...args, messageContent));
  }
  if (messageContent || isDm || isMine || mentionsMe) return message;
  const snapshots = snapshotsOf(message).map((copy) => ({ message: { ...copy, ...withheld } }));
  return { ...message, ...withheld, ...(snapshots.length > 0 ? { message_snapshots: snapshots } : {}) };
}

/** The `d` of MESSAGE_CREATE and MESSAGE_UPDATE: in a guild with its id, the author's member and those of the mentioned. */
export function messageEvent(world: World, stored: StoredMessage, messageContent: boolean): JsonObject {
  const message = renderForBot(world, stored, messageContent);
  const channel = world.channels.get(message.channel_id);
  // Without `channel_type` the client could not tell that an unknown channel is a DM.
  if (!channel?.guildId) return { ...message, channel_type: 1 };
  return {
    ...message,
    channel_type: channel.type,
    guild_id: channel.guildId,
    member: partialMember(world, message.author.id),
    mentions: message.mentions.map((user) => ({ ...user, member: partialMember(world, user.id) })),
  };
}

/** https://docs.discord.com/developers/events/gateway#message-content-intent: "empty values" in these fields. */
const withheld = { content: '', embeds: [], attachments: [], components: [] } satisfies Partial<ApiMessage>;

/** The copies inside a forwarding message. */
function snapshotsOf({ message_snapshots: list }: ApiMessage): ApiMessage[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).map(({ message }) => message as ApiMessage);
}

function referenced(
  world: World,
  message: ApiMessage,
  render: (world: World, stored: StoredMessage) => ApiMessage,
): ApiMessage | null {
  const id = isObject(message.message_reference) ? message.message_reference.message_id : undefined;
  const target = typeof id === 'string' ? world.messages.get(id) : undefined;
  if (!target) return null;
  // Discord's schema has neither a second level nor reactions there.
  const {
    referenced_message: _oneLevelOnly,
    reactions: _reactions,
    message_reference: further,
    ...rest
  } = render(world, target);
  // Nor the reference of a forward, which is of another type than a reply's.
  const isReply = isObject(further) && further.type === 0;
  return { ...rest, ...(isReply && { message_reference: further }) } as ApiMessage;
}

function renderReaction(emoji: string, users: ReadonlySet<Snowflake>, viewer: Snowflake): ApiReaction {
  const me = users.has(viewer);
  return {
    emoji: emojiObject(emoji),
    count: users.size,
    count_details: { burst: 0, normal: users.size },
    burst_colors: [],
    me,
    me_burst: false,
  };
}

/** `🎬` or `name:id` as an emoji object. */
export function emojiObject(emoji: string): { id: Snowflake | null; name: string } {
  const custom = /^(\w+):(\d+)$/.exec(emoji);
  return custom ? { id: custom[2] as string, name: custom[1] as string } : { id: null, name: emoji };
}

/** Whether the bot's session hears of messages here: it is in the channel, and the message is not ephemeral. */
export function reachesBot(channel: StoredChannel, visibleTo: Snowflake | null): boolean {
  return visibleTo === null && (channel.kind === 'guild' || channel.kind === 'dm') && seesThread(channel);
}
