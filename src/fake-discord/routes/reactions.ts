import { accessChannel, accessMessage } from '../access.ts';
import { setReaction } from '../messages.ts';
import type { Snowflake } from '../payloads.ts';
import { permission } from '../permissions.ts';
import { refuse } from '../refusal.ts';
import { type Call, noContent, ok, type Reply, type RouteGroup } from '../route.ts';
import { admitReaction } from '../thread-rules.ts';
import type { StoredChannel, StoredMessage } from '../world.ts';
import { requireManage } from './channels.ts';

/** Reactions under messages. */
export const reactionRoutes = {
  'GET /channels/:channel/messages/:message/reactions/:emoji': {
    query: ['after', 'limit', 'type'],
    handle: (call) => {
      const { stored } = find(call);
      const after = BigInt(call.query.after ?? 0);
      const users = [...(stored.reactions.get(call.params.emoji ?? '') ?? [])]
        .filter((id) => BigInt(id) > after)
        .slice(0, Number(call.query.limit ?? 25));
      return ok(users.flatMap((id) => call.world.users.get(id)?.user ?? []));
    },
  },
  'PUT /channels/:channel/messages/:message/reactions/:emoji/@me': {
    handle: (call) => {
      const { channel, stored, emoji } = find(call);
      const isNew = !stored.reactions.has(emoji);
      if (isNew && (channel.botPermissions & permission.addReactions) === 0n) throw refuse('missingPermissions');
      return put(call, stored, { userId: call.world.botUserId, on: true });
    },
  },
  'DELETE /channels/:channel/messages/:message/reactions/:emoji/@me': {
    handle: (call) => put(call, find(call).stored, { userId: call.world.botUserId, on: false }),
  },
  'DELETE /channels/:channel/messages/:message/reactions/:emoji/:user': {
    handle: (call) => {
      const { channel, stored } = find(call);
      const userId = call.params.user ?? '';
      if (!call.world.users.has(userId)) throw refuse('unknownUser');
      requireManage(channel);
      return put(call, stored, { userId, on: false });
    },
  },
} satisfies RouteGroup;

function find({ world, params }: Call) {
  const channel = accessChannel(world, params.channel, permission.readMessageHistory);
  const stored = accessMessage(world, channel, params.message);
  const emoji = params.emoji ?? '';
  if (!/\p{Extended_Pictographic}|\p{Regional_Indicator}|[0-9#*]\u20e3|^\w+:\d+$/u.test(emoji))
    throw refuse('unknownEmoji');
  return { channel, stored, emoji };
}

function put(
  { world, params }: Call,
  stored: StoredMessage,
  { userId, on }: { userId: Snowflake; on: boolean },
): Reply {
  admitReaction(world.channels.get(stored.message.channel_id) as StoredChannel);
  setReaction(world, stored, { emoji: params.emoji ?? '', userId, on });
  return noContent;
}
