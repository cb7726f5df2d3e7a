import { UserError } from '../errors.ts';

/** What {@link createDownload} works with. */
export interface DownloadOptions {
  /** `host` or `host:port`. Only these are asked, whatever a message says: anything else leads into the operator's network. */
  allowedHosts: readonly string[];
  fetch: typeof globalThis.fetch;
  /** Default 10 MiB. */
  limitBytes?: number;
  /** Default 20,000. */
  timeoutMs?: number;
}

/** Fetches an attachment's bytes. */
export type Download = (url: string) => Promise<Uint8Array>;

const megabyte = 1024 * 1024;

/**
 * A fetcher of attachments. Never follows redirects, stops at the size limit while bytes stream in.
 * The promise rejects with a UserError: `picture-host`, `picture-unreachable`, `picture-slow` or `picture-too-many-bytes`.
 */
export function createDownload(options: DownloadOptions): Download {
  const { allowedHosts, fetch, limitBytes = 10 * megabyte, timeoutMs = 20_000 } = options;
  const limitMb = Math.floor(limitBytes / megabyte);

  return async (address) => {
    const url = allowedUrl(address, allowedHosts);
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { redirect: 'error', signal: timeout });
      if (!response.ok || response.body === null) {
        throw new UserError('picture-unreachable', `The attachment's host answered ${response.status}.`);
      }
      return await readUpTo(response.body, limitBytes, () => {
        return new UserError('picture-too-many-bytes', `Pictures may have up to ${limitMb} MB.`, {
          details: { limitMb },
        });
      });
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      if (timeout.aborted) {
        const limitSeconds = timeoutMs / 1000;
        throw new UserError('picture-slow', 'The attachment took too long.', { cause, details: { limitSeconds } });
      }
      throw new UserError('picture-unreachable', 'The attachment could not be fetched.', { cause });
    }
  };
}

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

async function readUpTo(
  body: ReadableStream<Uint8Array>,
  limitBytes: number,
  tooLarge: () => UserError,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Leaving the loop by an error cancels the stream, and with it the transfer.
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}
