import { setImmediate } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { type Metrics, noMetrics } from '../util/metrics.ts';
import { uploadLimitBytes } from '../util/upload-limit.ts';

/** What {@link createDownload} works with. */
export interface DownloadOptions extends AttachmentSource {
  /** Default {@link uploadLimitBytes}. */
  limitBytes?: number;
  /**
   * Looks at what was fetched, in time of its own.
   * @throws UserError it cannot be animated
   */
  checkPicture: (bytes: Uint8Array) => Promise<void>;
  /** Default 20,000. */
  timeoutMs?: number;
  /** Aborted when the bot stops: what is being fetched is given up. */
  stopping?: AbortSignal;
  /** Hears of pictures that cannot be used. Default: nobody does. */
  metrics?: Metrics;
}

/** Where a picture can be fetched. */
export interface PictureFile {
  url: string;
  /** Bytes, as Discord says; undefined where it does not. */
  size?: number | undefined;
}

/** Fetches pictures. */
export interface Download {
  /** A picture's bytes, looked at; a file that is stated to be too large is not even asked for. */
  (file: PictureFile): Promise<Uint8Array>;
  /**
   * What can be said against a file without asking anybody.
   *
   * @throws UserError `picture-host` or `picture-too-many-bytes`
   */
  check(file: PictureFile): void;
}

const megabyte = 1024 * 1024;

/**
 * A fetcher of pictures. Never follows redirects, stops at the size limit while bytes stream in.
 * The promise rejects with a UserError: `picture-host`, `picture-unreachable`, `picture-slow`, `picture-too-many-bytes`, or
 * what `checkPicture` rejects with.
 */
export function createDownload(options: DownloadOptions): Download {
  const { limitBytes = uploadLimitBytes, timeoutMs = 20_000, stopping, checkPicture, metrics = noMetrics } = options;

  function refuseBeyondLimit(isBeyond: boolean): void {
    if (!isBeyond) return;
    const limitMb = Math.floor(limitBytes / megabyte);
    throw new UserError('picture-too-many-bytes', `Pictures may have up to ${limitMb} MB.`, { details: { limitMb } });
  }

  function check({ url, size = 0 }: PictureFile): void {
    allowedUrl(url, options.allowedHosts);
    refuseBeyondLimit(size > limitBytes);
  }

  async function fetchPicture(file: PictureFile): Promise<Uint8Array> {
    check(file);
    const picture = await withinTime({ timeoutMs, stopping }, async (signal) => {
      const { body } = await fetchAttachment(file.url, options, { signal });
      const { bytes, isCut } = await readAtMost(body, { limitBytes, signal });
      refuseBeyondLimit(isCut);
      return bytes;
    });
    await checkPicture(picture);
    return picture;
  }

  async function download(file: PictureFile): Promise<Uint8Array> {
    try {
      return await fetchPicture(file);
    } catch (error) {
      if (error instanceof UserError) metrics.count('kinora_images_rejected_total', { reason: error.code });
      throw error;
    }
  }
  return Object.assign(download, { check });
}

/** Where attachments may be fetched from, and how. */
export interface AttachmentSource {
  /** `host` or `host:port`. Only these are asked, whatever a message says: anything else leads into the operator's network. */
  allowedHosts: readonly string[];
  fetch: typeof globalThis.fetch;
}

/** How one attachment is asked for. */
export interface AttachmentRequest {
  signal: AbortSignal;
  headers?: Readonly<Record<string, string>>;
}

/** A successful answer. */
interface FetchedAttachment {
  status: 200 | 206;
  headers: Headers;
  body: ReadableStream<Uint8Array>;
}

/**
 * Asks for an attachment, and gives a successful answer whose body is not read yet. Never follows redirects.
 *
 * @throws UserError `picture-host`, or `picture-unreachable` for another answer than 200 and 206
 */
export async function fetchAttachment(
  address: string,
  { allowedHosts, fetch }: AttachmentSource,
  { signal, headers = {} }: AttachmentRequest,
): Promise<FetchedAttachment> {
  const url = allowedUrl(address, allowedHosts);
  const response = await fetch(url, { redirect: 'error', signal, headers });
  const { status, body } = response;
  if (body !== null && (status === 200 || status === 206)) return { status, headers: response.headers, body };
  // Unread, it would hold its connection.
  await body?.cancel();
  throw new UserError('picture-unreachable', `The attachment's host answered ${status}.`);
}

/** How far a body is read. */
export interface ReadLimits {
  limitBytes: number;
  signal: AbortSignal;
}

/**
 * A body's first bytes; at the limit the transfer is broken off. The signal ends the reading by itself: undici holds the
 * signal of a request weakly, so after a garbage collection an abort would not reach a body that stalls or drips.
 */
export async function readAtMost(
  body: ReadableStream<Uint8Array>,
  { limitBytes, signal }: ReadLimits,
): Promise<{ bytes: Buffer; isCut: boolean }> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener('abort', cancel);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    while (sizeBytes <= limitBytes) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) break;
      sizeBytes += value.byteLength;
      chunks.push(value);
    }
    // A cancelled reader says that the body is done.
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
  const bytes = await joined(chunks, sizeBytes);
  return { bytes: bytes.subarray(0, limitBytes), isCut: sizeBytes > limitBytes };
}

/** So many bytes are joined at once: 20 MB would hold the event loop for 15 ms and more. */
const joinedAtOnce = 2 * megabyte;

async function joined(chunks: readonly Uint8Array[], sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let [at, pausedAt] = [0, 0];
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
    if (at - pausedAt < joinedAtOnce) continue;
    pausedAt = at;
    await setImmediate();
  }
  return bytes;
}

/** How long work may take, and what else ends it. */
export interface TimeLimits {
  timeoutMs: number;
  /** Aborted when the bot stops: what is under way is then given up at once. */
  stopping?: AbortSignal | undefined;
}

/**
 * Does work that fetches attachments within a time limit, which holds for all of it together, whether or not the work
 * heeds its signal.
 *
 * @throws UserError what the work throws, `picture-slow` where the time is over, else `picture-unreachable`
 */
export async function withinTime<T>(
  { timeoutMs, stopping }: TimeLimits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // A timer holds its controller; nothing but the signal's users would hold AbortSignal.timeout and AbortSignal.any.
  const controller = new AbortController();
  let isSlow = false;
  const timer = setTimeout(() => {
    isSlow = true;
    controller.abort(new Error('The time is over.'));
  }, timeoutMs);
  const stop = () => controller.abort(new Error('The bot stops.'));
  stopping?.addEventListener('abort', stop);
  if (stopping?.aborted) stop();
  try {
    return await Promise.race([work(controller.signal), rejectionOf(controller.signal)]);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    if (isSlow) {
      const limitSeconds = timeoutMs / 1000;
      throw new UserError('picture-slow', 'The attachment took too long.', { cause, details: { limitSeconds } });
    }
    throw new UserError('picture-unreachable', 'The attachment could not be fetched.', { cause });
  } finally {
    clearTimeout(timer);
    stopping?.removeEventListener('abort', stop);
  }
}

/** Rejects when the signal is aborted. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/**
 * An attachment's address.
 *
 * @throws UserError `picture-host`
 */
function allowedUrl(address: string, allowedHosts: readonly string[]): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isAllowed =
    url !== undefined &&
    allowedHosts.includes(url.host) &&
    url.username + url.password === '' &&
    // Plain http is for a stand-in on this machine, and only where the operator named it.
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
  if (!isAllowed) throw new UserError('picture-host', 'Pictures are only fetched from the allowed hosts.');
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
