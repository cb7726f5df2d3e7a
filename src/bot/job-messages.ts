import type { JobListener } from '../queue/job-listener.ts';
import type { Job } from '../storage/job.ts';
import { type Clock, sleep } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Metrics } from '../util/metrics.ts';
import { deliverClip, deliverWithFallback, type ShrinkClip } from './deliver-clip.ts';
import { isMessageGone, isRouteClosed, isTransient, scopedDiscordError } from './discord-errors.ts';
import { plainView, progressView, queuedView } from './job-view.ts';
import { chooseMessages } from './languages/choose-messages.ts';
import { explainError } from './languages/explain-error.ts';
import type { Messages } from './languages/messages.ts';
import type { MessageSender, Reply } from './message-sender.ts';
import { parseReplyAddress, type ReplyAddress } from './reply-address.ts';
import { createStatusMessage, type StatusMessage } from './status-message.ts';

/** What {@link createJobMessages} works with. */
export interface JobMessagesOptions {
  replies: MessageSender;
  shrink: ShrinkClip;
  /** Whether the clip is hidden until it is clicked, also where its picture was not. */
  isSpoiler?: (job: Job) => Promise<boolean>;
  /** Whether the requester waited so long that they are to be mentioned; asked when the clip is there. */
  wantsPing?: (job: Job) => Promise<boolean>;
  clock: Clock;
  log: Log;
  metrics?: Metrics;
  /** Between two edits of one message. Default 3,000: civil beside Discord's 5 per 5 s. */
  editGapMs?: number;
}

/** The queue's news as Discord messages: one message per job, edited until it becomes the clip. */
export interface JobMessages extends JobListener {
  /** Resolves when every final notice is said, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

interface Conversation {
  address: ReplyAddress;
  messages: Messages;
  status: StatusMessage;
}

/** Job messages over {@link MessageSender}. */
export function createJobMessages(options: JobMessagesOptions): JobMessages {
  const { replies, shrink, clock, log, metrics, editGapMs = 3_000 } = options;
  const { isSpoiler = async () => false, wantsPing = async () => false } = options;
  const conversations = new Map<string, Conversation>();
  const finalNotices = new Set<Promise<unknown>>();

  function conversationOf(job: Job): Conversation {
    const known = conversations.get(job.id);
    if (known) return known;
    const address = parseReplyAddress(job.address);
    const status = createStatusMessage({
      send: (reply) => replies.edit(address, reply),
      clock,
      gapMs: editGapMs,
      onError: (err) => {
        // Dismissed or out of reach: the job goes on in silence, and delivery finds another way.
        const isOver = isRouteClosed(err);
        log[isOver ? 'info' : 'warn']({ jobId: job.id, err }, 'a status edit failed');
        return isOver ? 'stop' : 'go-on';
      },
    });
    const conversation = { address, messages: chooseMessages(address.locale), status };
    conversations.set(job.id, conversation);
    return conversation;
  }

  /** Never rejects: the clip is there. */
  async function pingIfWanted(job: Job, { address, messages }: Conversation): Promise<void> {
    try {
      if (!(await wantsPing(job))) return;
      await replies.ping(address, messages.readyPing(`<@${job.userId}>`), `ping-${job.id}`);
    } catch (err) {
      log.warn({ jobId: job.id, err }, 'who waited long could not be mentioned');
    }
  }

  /**
   * One try. `edit`: who deleted the message wants to hear no more; `reach`: they have to be told all the same. Rejects
   * where Discord or the network failed, so that it is tried again.
   */
  function notifyFinal(job: Job, how: 'edit' | 'reach', view: (messages: Messages) => Reply): Promise<void> {
    const { address, messages, status } = conversationOf(job);
    conversations.delete(job.id);
    const words = (async () => {
      try {
        await status.close();
        if (how === 'reach') await deliverWithFallback(address, view(messages), { job, messages, replies });
        else await replies.edit(address, view(messages));
        return undefined;
      } catch (err) {
        log[isMessageGone(err) ? 'info' : 'warn']({ jobId: job.id, err }, 'the final notice could not be said');
        return isTransient(err) ? scopedDiscordError(err) : undefined;
      }
    })();
    finalNotices.add(words);
    void words.finally(() => finalNotices.delete(words));
    return words.then((undelivered) => {
      if (undelivered !== undefined) throw undelivered;
    });
  }

  return {
    waiting(job, place) {
      const { status, messages } = conversationOf(job);
      status.show(queuedView(job, place, messages));
    },
    progress(job, progress) {
      const { status, messages } = conversationOf(job);
      status.show(progressView(job, progress, messages));
    },
    async deliver(job, clip, signal) {
      const conversation = conversationOf(job);
      const { address, messages, status } = conversation;
      await status.close();
      const hides = address.isSpoiler || (await isSpoiler(job));
      // The next try, after a failed one, begins with the address that the job has then.
      conversations.delete(job.id);
      const delivery = { job, messages, replies, isSpoiler: hides, shrink, signal, metrics };
      const way = await deliverClip(address, clip, delivery);
      if (way === 'edit') await pingIfWanted(job, conversation);
    },
    failed: (job, error) => notifyFinal(job, 'reach', (messages) => plainView(explainError(error, messages, job.id))),
    cancelled: (job) => notifyFinal(job, 'edit', (messages) => plainView(messages.cancelled)),
    postponed: (job) => void notifyFinal(job, 'edit', (messages) => plainView(messages.postponed)).catch(() => {}),
    async flush(timeoutMs) {
      await Promise.race([Promise.all(finalNotices), sleep(clock, timeoutMs)]);
    },
  };
}
