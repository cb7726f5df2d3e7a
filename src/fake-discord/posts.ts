import { AppError } from '../errors.ts';
import { storeSticker } from './attachments.ts';
import { storedUser } from './entities.ts';
import { storeLayout } from './layout-components.ts';
import { contentFlag, type MessageContent, readContent } from './message-content.ts';
import { renderMessage } from './message-view.ts';
import { addMessage, guildOf } from './messages.ts';
import type { ApiMessage, Json, JsonObject, Snowflake } from './payloads.ts';
import { channelAt } from './places.ts';
import type { PostRequest } from './post-types.ts';
import { admitMessage } from './thread-rules.ts';
import type { StoredChannel, StoredMessage, World } from './world.ts';

/** The fields that a forward copies: https://docs.discord.com/developers/resources/message#message-snapshot-object. */
const snapshotFields = [
  ...(['type', 'content', 'embeds', 'attachments', 'timestamp', 'edited_timestamp', 'flags', 'mentions'] as const),
  ...(['mention_roles', 'stickers', 'sticker_items', 'components'] as const),
];

/** What somebody who is not the bot posts; `id` where it is given by something else, as a forum post's by its thread. */
export function postMessage(
  world: World,
  request: PostRequest,
  { firstUserId, id }: { firstUserId: Snowflake; id?: Snowflake },
): ApiMessage {
  const { user: userId = firstUserId, replyTo, forward, stickers = [], components } = request;
  const channel = channelAt(world, request, userId);
  checkSlowMode(world, channel, userId);
  admitMessage(world, channel);
  const reference = replyTo && { type: 0, channel_id: channel.id, message_id: findMessage(world, replyTo).message.id };
  const extra: JsonObject = {
    ...(reference ? { message_reference: { ...reference, ...guildOf(channel) } } : {}),
    ...(forward ? snapshotOf(world, findMessage(world, forward)) : {}),
    ...(stickers.length > 0 ? { sticker_items: stickers.map((sticker) => storeSticker(world, sticker)) } : {}),
  };
  const flags = (components ? contentFlag.componentsV2 : 0) | (forward ? contentFlag.hasSnapshot : 0);
  const stored = addMessage(world, {
    channel,
    author: storedUser(world, userId).user,
    content: contentOf(world, channel, request),
    flags,
    ...(reference ? { type: 19 } : {}),
    extra,
    ...(id === undefined ? {} : { id }),
  });
  return renderMessage(world, stored);
}

function contentOf(world: World, channel: StoredChannel, request: PostRequest): MessageContent {
  const { content = '', attachments = [], embeds = [], components } = request;
  const files = attachments.map((file, index) => ({ contentType: '', ...file, field: `files[${index}]` }));
  const isEmpty = content === '' && files.length === 0 && embeds.length === 0;
  if (isEmpty && (components || request.forward || request.stickers?.length)) {
    const nothing: MessageContent = { content: '', attachments: [], embeds: [], components: [], mentions: [] };
    return components ? { ...nothing, components: storeLayout(components, world.snowflake) } : nothing;
  }
  const listed = attachments.map(({ spoiler, description }, index) => ({
    id: String(index),
    ...(spoiler === undefined ? {} : { is_spoiler: spoiler }),
    ...(description === undefined ? {} : { description }),
  }));
  const body: JsonObject = { content, embeds, attachments: listed };
  const holder = { holderId: channel.id, ephemeral: false };
  const result = readContent(world, body, { files, holder, before: null });
  return components ? { ...result, components: storeLayout(components, world.snowflake) } : result;
}

/** What a forwarding message has besides: where it comes from, and a copy "taken the moment a forward message is created". */
function snapshotOf(world: World, { message }: StoredMessage): JsonObject {
  const source = world.channels.get(message.channel_id) as StoredChannel;
  const copy = Object.fromEntries(
    snapshotFields.filter((name) => message[name] !== undefined).map((name) => [name, structuredClone(message[name])]),
  ) as Record<string, Json>;
  return {
    message_reference: { type: 1, channel_id: source.id, message_id: message.id, ...guildOf(source) },
    message_snapshots: [{ message: copy }],
  };
}

/**
 * People wait between two messages of a channel with slow mode, "bots … are unaffected"
 * (https://docs.discord.com/developers/resources/channel#channel-object).
 */
function checkSlowMode(world: World, channel: StoredChannel, userId: Snowflake): void {
  const isBot = world.users.get(userId)?.user.bot === true;
  if (channel.slowModeSeconds === 0 || isBot) return;
  const sinceMs = world.now() - channel.slowModeSeconds * 1000;
  const tooSoon = [...world.messages.values()].some(
    ({ message }) =>
      message.channel_id === channel.id && message.author.id === userId && Date.parse(message.timestamp) > sinceMs,
  );
  if (tooSoon) throw new AppError('slow-mode', `Slow mode: one message in ${channel.slowModeSeconds} s.`);
}

/**
 * A message by its id.
 * @throws AppError `unknown-message`.
 */
export function findMessage(world: World, messageId: Snowflake): StoredMessage {
  const stored = world.messages.get(messageId);
  if (!stored) throw new AppError('unknown-message', `There is no message ${messageId}.`);
  return stored;
}
