import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { isMessageGone, isRouteClosed, isTokenDead, isUploadTooLarge } from './discord-errors.ts';
import type { Reply, ReplyFile } from './message-sender.ts';

/** The previews in the message of one job. */
export interface PreviewUpload {
  /** The preview from the next edit on; undefined: none, since a new attempt has begun. */
  readonly file: ReplyFile | undefined;
  set(file: ReplyFile | undefined): void;
  /** Whether Discord has refused one, or two of them hung: the job goes on without. */
  isRefused(): boolean;
  /** Sends a reply with its preview, which is uploaded once and then left where it is. */
  send(reply: Reply): Promise<void>;
  /** Breaks off an upload that is under way: something that matters more is to be sent. */
  abort(): void;
}

/** What {@link createPreviewUpload} works with. */
export interface PreviewUploadOptions {
  edit: (reply: Reply, options: { signal?: AbortSignal }) => Promise<void>;
  /** Told before the reply that was refused is sent once more, without its preview. */
  onSecondEdit: () => void;
  jobId: string;
  clock: Clock;
  log: Log;
}

/** How long one upload may take, in milliseconds: the message says meanwhile how far the clip was before. */
const uploadMs = 10_000;

/** Nothing to show yet. */
export function createPreviewUpload({ edit, onSecondEdit, jobId, clock, log }: PreviewUploadOptions): PreviewUpload {
  let file: ReplyFile | undefined;
  /** The name of the file that the message has. */
  let uploaded: string | undefined;
  let isRefused = false;
  let underWay: AbortController | undefined;
  let hung = 0;

  async function sendPlain({ content, components }: Reply): Promise<void> {
    uploaded = undefined;
    await edit({ content, components }, {});
  }

  return {
    get file() {
      return isRefused ? undefined : file;
    },
    set(next) {
      file = next;
    },
    isRefused: () => isRefused,
    async send(reply) {
      const [wanted] = reply.files ?? [];
      if (wanted === undefined || isRefused) return sendPlain(reply);
      const { content, components } = reply;
      if (wanted.name === uploaded) return edit({ content, components, keepsFiles: true }, {});
      underWay = new AbortController();
      const { signal } = underWay;
      let isLate = false;
      const cancelTimer = clock.after(uploadMs, () => {
        isLate = true;
        underWay?.abort();
      });
      try {
        await edit(reply, { signal });
        uploaded = wanted.name;
      } catch (err) {
        if (signal.aborted && !isLate) return;
        if (!isLate && !isFileRefused(err)) throw err;
        if (isLate) hung += 1;
        isRefused = !isLate || hung > 1;
        // Not tried again with every line of progress.
        if (file?.name === wanted.name) file = undefined;
        log.info({ job: jobId, err, isLast: isRefused }, 'Discord did not take a preview');
        onSecondEdit();
        await sendPlain(reply);
      } finally {
        cancelTimer();
        underWay = undefined;
      }
    },
    abort: () => underWay?.abort(),
  };
}

/** Whether the file may be what Discord refused: its size, no right to attach files, AutoMod. Never that the message is gone. */
function isFileRefused(error: unknown): boolean {
  if (isUploadTooLarge(error)) return true;
  return isRouteClosed(error) && !isMessageGone(error) && !isTokenDead(error);
}
