import { removeMessage, setReaction } from './messages.ts';
import type { Snowflake } from './payloads.ts';
import { findMessage, postMessage } from './posts.ts';
import { admitReaction } from './thread-rules.ts';
import type { Actor } from './types.ts';
import type { StoredChannel, World } from './world.ts';

/** What people do with messages. */
export function messageActions(
  world: World,
  firstUserId: Snowflake,
): Pick<Actor, 'postMessage' | 'react' | 'unreact' | 'deleteMessage'> {
  const react = (on: boolean): Actor['react'] => {
    return ({ messageId, emoji, user: userId = firstUserId }) => {
      const stored = findMessage(world, messageId);
      admitReaction(world.channels.get(stored.message.channel_id) as StoredChannel);
      setReaction(world, stored, { emoji, userId, on });
    };
  };
  return {
    postMessage: (request) => postMessage(world, request, { firstUserId }),
    react: react(true),
    unreact: react(false),
    deleteMessage: ({ messageId }) => removeMessage(world, findMessage(world, messageId)),
  };
}
