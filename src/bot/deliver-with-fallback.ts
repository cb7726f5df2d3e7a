import { isRouteClosed } from './discord-errors.ts';
import type { MessageSender, Reply } from './message-sender.ts';
import type { ReplyAddress } from './reply-address.ts';

/** What {@link deliverWithFallback} works with. */
export interface FallbackOptions {
  replies: Pick<MessageSender, 'edit' | 'post' | 'direct'>;
  /** Ties a repeated post to the first. */
  nonce: string;
  /** The first line of a direct message, which has to say where it belongs. */
  directPreface: string;
}

/** How a reply reached its requester; every way but `edit` mentions them. */
export type Route = 'edit' | 'post' | 'direct';

/**
 * Brings a reply to its requester: into the job's message; as a new one where that is gone; at last as a direct message,
 * where the place is closed to the bot. Each way is tried once: whoever calls tries again later where Discord failed.
 *
 * @throws the last way's error when all of them are closed, or at once what no other way can mend
 */
export async function deliverWithFallback(
  address: ReplyAddress,
  reply: Reply,
  options: FallbackOptions,
): Promise<Route> {
  const { replies, nonce, directPreface } = options;
  const direct = { ...reply, content: `${directPreface}\n${reply.content}` };
  const ways: readonly [Route, () => Promise<void>][] = [
    ['edit', () => replies.edit(address, reply)],
    ['post', () => replies.post(address, reply, nonce)],
    ['direct', () => replies.direct(address, direct, nonce)],
  ];
  let refusal: unknown;
  for (const [name, way] of ways) {
    try {
      await way();
      return name;
    } catch (error) {
      if (!isRouteClosed(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
