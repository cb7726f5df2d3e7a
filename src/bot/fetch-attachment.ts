import { UserError } from '../errors.ts';

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

/** A body's first bytes; at the limit the transfer is broken off. */
export async function readAtMost(
  body: ReadableStream<Uint8Array>,
  limitBytes: number,
): Promise<{ bytes: Buffer; isCut: boolean }> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Leaving the loop early cancels the stream, and with it the transfer.
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    chunks.push(chunk);
    if (sizeBytes > limitBytes) break;
  }
  const bytes = Buffer.concat(chunks, sizeBytes);
  return { bytes: bytes.subarray(0, limitBytes), isCut: sizeBytes > limitBytes };
}

/**
 * Does work that fetches attachments within a time limit, which holds for all of it together.
 *
 * @throws UserError what the work throws, `picture-slow` where the time is over, else `picture-unreachable`
 */
export async function withinTime<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await work(timeout);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    if (timeout.aborted) {
      const limitSeconds = timeoutMs / 1000;
      throw new UserError('picture-slow', 'The attachment took too long.', { cause, details: { limitSeconds } });
    }
    throw new UserError('picture-unreachable', 'The attachment could not be fetched.', { cause });
  }
}

/**
 * An attachment's address.
 *
 * @throws UserError `picture-host`
 */
export function allowedUrl(address: string, allowedHosts: readonly string[]): URL {
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
