import { type DeliveryOptions, deliverWithFallback } from './deliver-clip.ts';
import { isMessageDeleted, isRouteClosed } from './discord-errors.ts';
import { plainView } from './job-view.ts';
import type { MessageSender } from './message-sender.ts';
import type { ReplyAddress } from './reply-address.ts';

/** What {@link tellPrivately} works with. */
interface TellPrivatelyOptions extends DeliveryOptions {
  replies: MessageSender;
}

/**
 * Tells the requester alone why there is no clip, and takes the job's message, which others see, away.
 *
 * While the interaction's token lives: the message is deleted, then words beside it that nobody else sees. In that order,
 * because the first follow-up to an answer that was never edited takes that answer's place, and would be as public. After that,
 * and after a reaction: a direct message, then the deletion. Where direct messages are closed, the words stand in the job's
 * message after all: somebody who waited has to learn of it.
 *
 * @throws the last way's error when all of them are closed, or at once what no other way can mend
 */
export async function tellPrivately(
  address: ReplyAddress,
  content: string,
  options: TellPrivatelyOptions,
): Promise<void> {
  const { job, messages, replies } = options;
  const isAlone = address.isEphemeral || (job.guildId === null && address.hasChannelRoute);
  if (isAlone) return void (await deliverWithFallback(address, plainView(content), options));
  if (replies.hasToken(address) && (await isOpen(() => removeIfThere(address, options, 'token')))) {
    if (await isOpen(() => replies.whisper(address, content))) return;
  }
  const direct = plainView(`${messages.aboutClip(`<#${address.channelId}>`)}\n${content}`);
  if (await isOpen(() => replies.direct(address, direct, job.id))) {
    if (address.hasChannelRoute) await isOpen(() => removeIfThere(address, options, 'channel'));
    return;
  }
  if (await isOpen(() => replies.edit(address, plainView(content)))) return;
  await replies.post(address, plainView(content), job.id);
}

async function removeIfThere(
  address: ReplyAddress,
  { replies }: Pick<TellPrivatelyOptions, 'replies'>,
  by: 'token' | 'channel',
): Promise<void> {
  try {
    await replies.remove(address, by);
  } catch (error) {
    if (!isMessageDeleted(error)) throw error;
  }
}

/** Whether a way took what went by it; false where Discord refuses it for good. */
async function isOpen(way: () => Promise<void>): Promise<boolean> {
  try {
    await way();
    return true;
  } catch (error) {
    if (isRouteClosed(error)) return false;
    throw error;
  }
}
