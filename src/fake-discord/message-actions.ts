import { AppError } from '../errors.ts';
import { storedUser } from './entities.ts';
import { readContent } from './message-content.ts';
import { renderMessage } from './message-view.ts';
import { addMessage, guildOf, removeMessage, setReaction } from './messages.ts';
import type { JsonObject, Snowflake } from './payloads.ts';
import { channelAt } from './places.ts';
import type { Actor } from './types.ts';
import type { StoredMessage, World } from './world.ts';

/** What people do with messages. */
export function messageActions(
  world: World,
  firstUserId: Snowflake,
): Pick<Actor, 'postMessage' | 'react' | 'unreact' | 'deleteMessage'> {
  const find = (messageId: Snowflake): StoredMessage => {
    const stored = world.messages.get(messageId);
    if (!stored) throw new AppError('unknown-message', `There is no message ${messageId}.`);
    return stored;
  };
  return {
    postMessage(request) {
      const { content = '', attachments = [], user: userId = firstUserId, replyTo } = request;
      const channel = channelAt(world, request, userId);
      const files = attachments.map((file, index) => ({ field: `files[${index}]`, contentType: '', ...file }));
      const holder = { holderId: channel.id, ephemeral: false };
      const body: JsonObject = { content };
      const reference = replyTo && { type: 0, channel_id: channel.id, message_id: find(replyTo).message.id };
      const stored = addMessage(world, {
        channel,
        author: storedUser(world, userId).user,
        content: readContent(world, body, { files, holder, before: null }),
        ...(reference ? { type: 19, extra: { message_reference: { ...reference, ...guildOf(channel) } } } : {}),
      });
      return renderMessage(world, stored);
    },
    react({ messageId, emoji, user: userId = firstUserId }) {
      setReaction(world, find(messageId), { emoji, userId, on: true });
    },
    unreact({ messageId, emoji, user: userId = firstUserId }) {
      setReaction(world, find(messageId), { emoji, userId, on: false });
    },
    deleteMessage({ messageId }) {
      removeMessage(world, find(messageId));
    },
  };
}
