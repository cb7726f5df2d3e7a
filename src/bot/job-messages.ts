import type { JobListener } from '../queue/job-listener.ts';
import type { Job } from '../storage/job.ts';
import { type Clock, pause } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { deliverClip, type ShrinkClip } from './deliver-clip.ts';
import { type ReachOptions, reachRequester } from './deliver-with-fallback.ts';
import { isMessageGone, isTransient, isWayClosed, scopedDiscordError } from './discord-errors.ts';
import { deliveredView, type FinishedClip, plainView, progressView, queuedView } from './job-view.ts';
import { chooseTexts } from './languages/choose-messages.ts';
import { explainError } from './languages/explain-error.ts';
import type { Texts } from './languages/messages.ts';
import type { Replies, Reply } from './message-sender.ts';
import { parseReplyAddress, type ReplyAddress } from './reply-address.ts';
import { createStatusMessage, type StatusMessage } from './status-message.ts';

/** What {@link createJobMessages} works with. */
export interface JobMessagesOptions {
  replies: Replies;
  shrink: ShrinkClip;
  /** Whether the clip is hidden until it is clicked. */
  isSpoiler?: (job: Job) => boolean;
  /** Whether the requester waited so long that they are to be mentioned; asked when the clip is there. */
  wantsPing?: (job: Job) => boolean;
  clock: Clock;
  log: Log;
  /** Between two edits of one message. Default 3,000: civil beside Discord's 5 per 5 s. */
  editGapMs?: number;
}

/** The queue's news as Discord messages: one message per job, edited until it becomes the clip. */
export interface JobMessages extends JobListener {
  /** Resolves when every last word is said, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
}

interface Conversation {
  address: ReplyAddress;
  texts: Texts;
  status: StatusMessage;
}

/** Job messages over {@link Replies}. */
export function createJobMessages(options: JobMessagesOptions): JobMessages {
  const { replies, shrink, clock, log, editGapMs = 3_000 } = options;
  const { isSpoiler = () => false, wantsPing = () => false } = options;
  const conversations = new Map<string, Conversation>();
  const lastWords = new Set<Promise<unknown>>();

  function converse(job: Job): Conversation {
    const known = conversations.get(job.id);
    if (known) return known;
    const address = parseReplyAddress(job.address);
    const status = createStatusMessage({
      send: (reply) => replies.edit(address, reply),
      clock,
      gapMs: editGapMs,
      onError: (err) => {
        // Dismissed or out of reach: the job goes on in silence, and delivery finds another way.
        const isOver = isWayClosed(err);
        log[isOver ? 'info' : 'warn']({ jobId: job.id, err }, 'a status edit failed');
        return isOver ? 'stop' : 'go-on';
      },
    });
    const conversation = { address, texts: chooseTexts(address.locale), status };
    conversations.set(job.id, conversation);
    return conversation;
  }

  function waysTo(job: Job, { address, texts }: Conversation): ReachOptions {
    // Where only the token reached, what closed the place is that it ran out.
    const hadTokenAlone = address.isEphemeral || !address.hasChannelRoute;
    const why = hadTokenAlone ? texts.sentLate : texts.sentHere(`<#${address.channelId}>`);
    return {
      ...{ replies, nonce: job.id },
      asDirect: (reply) => ({ ...reply, content: `${why}\n${reply.content}` }),
    };
  }

  async function ping(job: Job, { address, texts }: Conversation): Promise<void> {
    try {
      await replies.ping(address, texts.readyPing(`<@${job.userId}>`), `ping-${job.id}`);
    } catch (err) {
      log.warn({ jobId: job.id, err }, 'who waited long could not be mentioned');
    }
  }

  /**
   * One try. `edit`: who deleted the message wants to hear no more; `reach`: they have to be told all the same. Rejects
   * where Discord or the network failed, so that it is tried again.
   */
  function sayLast(job: Job, how: 'edit' | 'reach', view: (texts: Texts) => Reply): Promise<void> {
    const conversation = converse(job);
    const { address, texts, status } = conversation;
    conversations.delete(job.id);
    const ways = waysTo(job, conversation);
    const words = (async () => {
      try {
        await status.close();
        if (how === 'reach') await reachRequester(address, view(texts), ways);
        else await replies.edit(address, view(texts));
        return undefined;
      } catch (err) {
        log[isMessageGone(err) ? 'info' : 'warn']({ jobId: job.id, err }, 'the last word could not be said');
        return isTransient(err) ? scopedDiscordError(err) : undefined;
      }
    })();
    lastWords.add(words);
    void words.finally(() => lastWords.delete(words));
    return words.then((unsaid) => {
      if (unsaid !== undefined) throw unsaid;
    });
  }

  return {
    waiting(job, place) {
      const { status, texts } = converse(job);
      status.show(queuedView(job, place, texts));
    },
    progress(job, progress) {
      const { status, texts } = converse(job);
      status.show(progressView(job, progress, texts));
    },
    async deliver(job, clip, signal) {
      const conversation = converse(job);
      const { address, texts, status } = conversation;
      await status.close();
      const shown = isSpoiler(job) ? hidden : (reply: Reply) => reply;
      const view = (finished: FinishedClip) => shown(deliveredView(job, finished, texts));
      // The next try, after a failed one, begins with the address that the job has then.
      conversations.delete(job.id);
      const way = await deliverClip(address, clip, { ...waysTo(job, conversation), job, signal, view, shrink });
      if (way === 'edit' && wantsPing(job)) await ping(job, conversation);
    },
    failed: (job, error) => sayLast(job, 'reach', (texts) => plainView(explainError(error, texts, job.id))),
    cancelled: (job) => sayLast(job, 'edit', (texts) => plainView(texts.cancelled)),
    postponed: (job) => void sayLast(job, 'edit', (texts) => plainView(texts.postponed)).catch(() => {}),
    async flush(timeoutMs) {
      await Promise.race([Promise.all(lastWords), pause(clock, timeoutMs)]);
    },
  };
}

/** The same, but clients show its files only when they are clicked. */
function hidden(reply: Reply): Reply {
  const { files = [] } = reply;
  return { ...reply, files: files.map((file) => ({ ...file, name: `SPOILER_${file.name}` })) };
}
