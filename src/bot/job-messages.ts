import type { JobListener, QueuePosition } from '../queue/job-listener.ts';
import type { ExpectedTimes } from '../queue/render-work.ts';
import type { GuildSettingsStore } from '../storage/guild-settings.ts';
import type { Job } from '../storage/job.ts';
import type { UserSettingsStore } from '../storage/user-settings.ts';
import { type Clock, sleep } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Metrics } from '../util/metrics.ts';
import { deliverClip, type ShrinkClip } from './deliver-clip.ts';
import { isMessageGone, isRouteClosed, isTransient, scopedDiscordError } from './discord-errors.ts';
import { createEditBudget } from './edit-budget.ts';
import { plainView, previewFile, progressView, queuedView } from './job-view.ts';
import { chooseMessages } from './languages/choose-messages.ts';
import { explainError } from './languages/explain-error.ts';
import type { Messages } from './languages/messages.ts';
import { asSpoiler, editRoute, type MessageSender, type Reply } from './message-sender.ts';
import { createPreviewUpload, type PreviewUpload } from './preview-upload.ts';
import { parseReplyAddress, type ReplyAddress } from './reply-address.ts';
import { createStatusMessage, type StatusMessage } from './status-message.ts';
import { tellPrivately } from './tell-privately.ts';
import { variationsLine } from './variations-view.ts';

/** What {@link createJobMessages} works with. */
export interface JobMessagesOptions {
  replies: MessageSender;
  shrink: ShrinkClip;
  /** Whether a server hides clips until they are clicked, shows previews, and lets be mentioned who waited for them. */
  guildSettings: Pick<GuildSettingsStore, 'of'>;
  /** Whether a person wants to be mentioned. */
  userSettings: Pick<UserSettingsStore, 'wantsPing'>;
  /** Whoever waited longer than this is mentioned when the clip is there. Default: nobody is. */
  pingAfterMs?: number | undefined;
  /** How often a preview of a running clip comes, at most; whoever renders keeps the time. 0, the default: none is shown. */
  previewSeconds?: number;
  /** How long it takes what a person may still decide on. Default: nobody knows. */
  times?: ExpectedTimes;
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
  previews: PreviewUpload;
  /** What a running job's message says beside its preview. */
  shown?: Reply;
  /** Of the previews of the present attempt. */
  attempt: object;
  /** The place that was shown last; undefined once the job runs. */
  place?: QueuePosition | undefined;
}

/** How long a preview's upload may go on, in milliseconds, once there is something that matters more. */
const uploadGraceMs = 1_000;

/** A shift of a waiting job's times that its message follows: at least so much, in milliseconds, and of the wait. */
const noticeableShift = { ms: 15_000, share: 0.1 };

/** Job messages over {@link MessageSender}. */
export function createJobMessages(options: JobMessagesOptions): JobMessages {
  const { replies, shrink, clock, log, metrics, editGapMs = 3_000 } = options;
  const { guildSettings, userSettings, pingAfterMs = Number.POSITIVE_INFINITY, times } = options;
  const { previewSeconds = 0 } = options;
  const conversations = new Map<string, Conversation>();
  const finalNotices = new Set<Promise<unknown>>();
  const budget = createEditBudget(clock);
  let previewsShown = 0;

  /** The channel against whose limits an edit counts at this moment. */
  function limitedChannel(address: ReplyAddress): string | undefined {
    return editRoute(address, clock.now()) === 'channel' ? address.channelId : undefined;
  }

  function conversationOf(job: Job): Conversation {
    const known = conversations.get(job.id);
    if (known) return known;
    const address = parseReplyAddress(job.address);
    const previews = createPreviewUpload({
      edit: (reply, how) => replies.edit(address, reply, how),
      onSecondEdit: () => budget.spend(limitedChannel(address)),
      jobId: job.id,
      clock,
      log,
    });
    const status = createStatusMessage({
      send: previews.send,
      clock,
      gapMs: editGapMs,
      budget,
      channelId: () => limitedChannel(address),
      onError: (err) => {
        // Dismissed or out of reach: the job goes on in silence, and delivery finds another way.
        const isOver = isRouteClosed(err);
        log[isOver ? 'info' : 'warn']({ job: job.id, err }, 'a status edit failed');
        return isOver ? 'stop' : 'go-on';
      },
    });
    const messages = chooseMessages(address.locale);
    const conversation: Conversation = { address, messages, status, previews, attempt: {} };
    conversations.set(job.id, conversation);
    return conversation;
  }

  /** No more edits. An upload of a preview that hangs is broken off: it would hold up what people wait for. */
  async function closeStatus({ status, previews }: Conversation): Promise<void> {
    const cancel = clock.after(uploadGraceMs, previews.abort);
    await status.close();
    cancel();
  }

  /** A running job's message, with the preview that there is. */
  function showRunning({ status, previews, shown }: Conversation): void {
    if (shown === undefined) return;
    status.show({ ...shown, ...(previews.file && { files: [previews.file] }) });
  }

  async function wantsPreview({ guildId }: Job): Promise<boolean> {
    return previewSeconds > 0 && (await guildSettings.of(guildId)).previews;
  }

  async function showPreview(job: Job, bytes: Uint8Array): Promise<void> {
    const conversation = conversations.get(job.id);
    if (conversation === undefined || conversation.previews.isRefused()) return;
    const { address, messages, attempt, previews } = conversation;
    if (!(await wantsPreview(job))) return;
    const hides = address.isSpoiler || (await guildSettings.of(job.guildId)).spoiler;
    // Delivered, cancelled or begun anew meanwhile.
    if (conversations.get(job.id) !== conversation || conversation.attempt !== attempt) return;
    const file = previewFile(job, bytes, { number: ++previewsShown, messages });
    previews.set(hides ? asSpoiler(file) : file);
    showRunning(conversation);
  }

  /** Never rejects: the clip is there. */
  async function pingIfWanted(job: Job, { address, messages }: Conversation): Promise<void> {
    const { userId, guildId, createdAtMs } = job;
    if (clock.now() - createdAtMs <= pingAfterMs) return;
    try {
      if (!(await userSettings.wantsPing(userId)) || !(await guildSettings.of(guildId)).ping) return;
      await replies.ping(address, messages.readyPing(`<@${userId}>`), `ping-${job.id}`);
    } catch (err) {
      log.warn({ job: job.id, err }, 'who waited long could not be mentioned');
    }
  }

  /**
   * One try. `edit`: who deleted the message wants to hear no more; `privately`: they have to be told all the same, and nobody
   * else has. Rejects where Discord or the network failed, so that it is tried again.
   */
  function notifyFinal(job: Job, how: 'edit' | 'privately', say: (messages: Messages) => string): Promise<void> {
    const conversation = conversationOf(job);
    const { address, messages } = conversation;
    conversations.delete(job.id);
    const words = (async () => {
      try {
        await closeStatus(conversation);
        budget.spend(limitedChannel(address));
        const content = say(messages);
        if (how === 'privately') await tellPrivately(address, content, { job, messages, replies });
        else await replies.edit(address, plainView(content));
        return undefined;
      } catch (err) {
        log[isMessageGone(err) ? 'info' : 'warn']({ job: job.id, err }, 'the final notice could not be said');
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
      const conversation = conversationOf(job);
      const { status, messages, place: shown } = conversation;
      if (shown !== undefined && !isNews(shown, place, clock.now())) return;
      conversation.place = place;
      delete conversation.shown;
      status.show(queuedView(job, place, messages, variationsLine(job, messages, times)), place.position);
    },
    progress(job, progress) {
      const conversation = conversationOf(job);
      conversation.place = undefined;
      if (progress.stage === 'prepare') {
        conversation.attempt = {};
        conversation.previews.set(undefined);
      }
      conversation.shown = progressView(job, progress, conversation.messages);
      showRunning(conversation);
    },
    preview(job, bytes) {
      showPreview(job, bytes).catch((err: unknown) => log.warn({ job: job.id, err }, 'a preview could not be shown'));
    },
    wantsPreview,
    async deliver(job, clip, signal) {
      const conversation = conversationOf(job);
      const { address, messages } = conversation;
      await closeStatus(conversation);
      budget.spend(limitedChannel(address));
      const hides = address.isSpoiler || (await guildSettings.of(job.guildId)).spoiler;
      // The next try, after a failed one, begins with the address that the job has then.
      conversations.delete(job.id);
      const known = { job, messages, replies, isSpoiler: hides, shrink, times, nowMs: clock.now() };
      const way = await deliverClip(address, clip, { ...known, signal, metrics });
      if (way === 'edit') await pingIfWanted(job, conversation);
    },
    failed: (job, error) => notifyFinal(job, 'privately', (messages) => explainError(error, messages, job.id)),
    cancelled: (job) => notifyFinal(job, 'edit', (messages) => messages.cancelled),
    postponed: (job) => void notifyFinal(job, 'edit', (messages) => messages.postponed).catch(() => {}),
    async flush(timeoutMs) {
      await Promise.race([Promise.all(finalNotices), sleep(clock, timeoutMs)]);
    },
  };
}

/** Whether a waiting job's message has to follow: a place in the queue always, times where they shift enough to matter. */
function isNews(shown: QueuePosition, place: QueuePosition, nowMs: number): boolean {
  if (shown.position !== place.position || shown.isHostPaused !== place.isHostPaused) return true;
  return (['startsAtMs', 'endsAtMs'] as const).some((name) => {
    const [before, after] = [shown[name], place[name]];
    if (before === undefined || after === undefined) return before !== after;
    return Math.abs(after - before) > Math.max(noticeableShift.ms, (before - nowMs) * noticeableShift.share);
  });
}
