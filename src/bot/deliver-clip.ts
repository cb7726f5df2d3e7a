import { UserError } from '../errors.ts';
import type { BackOffOptions } from './back-off.ts';
import { withBackOff } from './back-off.ts';
import { isMessageGone, isUploadTooLarge } from './discord-errors.ts';
import type { Replies, Reply } from './replies.ts';
import type { ReplyAddress } from './reply-address.ts';

/** What {@link deliverClip} works with. */
export interface DeliverClipOptions extends BackOffOptions {
  replies: Replies;
  /** Ties a repeated post to the first. */
  nonce: string;
}

/**
 * Brings a clip to its requester: into the job's message, or as a new one when that is gone.
 *
 * @throws UserError Discord takes no file of that size
 */
export async function deliverClip(address: ReplyAddress, reply: Reply, options: DeliverClipOptions): Promise<void> {
  const { replies, nonce } = options;
  try {
    try {
      await withBackOff(() => replies.edit(address, reply), options);
    } catch (error) {
      if (!isMessageGone(error)) throw error;
      await withBackOff(() => replies.post(address, reply, nonce), options);
    }
  } catch (cause) {
    if (!isUploadTooLarge(cause)) throw cause;
    throw new UserError('clip-too-large', 'The clip is larger than Discord accepts here.', { cause });
  }
}
