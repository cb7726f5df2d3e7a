import { type BackOffOptions, withBackOff } from './back-off.ts';
import { isMessageGone, isRouteClosed } from './discord-errors.ts';
import type { Replies, Reply } from './replies.ts';
import type { ReplyAddress } from './reply-address.ts';

/** What {@link reachRequester} works with. */
export interface ReachOptions extends BackOffOptions {
  replies: Pick<Replies, 'edit' | 'post' | 'direct'>;
  /** Ties a repeated post to the first. */
  nonce: string;
  /** The reply as a direct message, which has to say where it belongs. */
  asDirect: (reply: Reply) => Reply;
}

/** How a reply reached its requester; every way but `edit` mentions them. */
export type Way = 'edit' | 'post' | 'direct';

/**
 * Brings a reply to its requester: into the job's message; as a new one where that is gone; at last as a direct message,
 * where the place is closed to the bot.
 *
 * @throws the last way's error when all of them are closed, or at once what no other way can mend
 */
export async function reachRequester(address: ReplyAddress, reply: Reply, options: ReachOptions): Promise<Way> {
  const { replies, nonce, asDirect } = options;
  try {
    await withBackOff(() => replies.edit(address, reply), options);
    return 'edit';
  } catch (error) {
    if (!isMessageGone(error) && !isRouteClosed(error)) throw error;
  }
  try {
    await withBackOff(() => replies.post(address, reply, nonce), options);
    return 'post';
  } catch (error) {
    if (!isRouteClosed(error)) throw error;
  }
  await withBackOff(() => replies.direct(address, asDirect(reply), nonce), options);
  return 'direct';
}
