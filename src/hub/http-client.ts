import { DownloadError } from '../errors.ts';
import { type RetryOptions, retry, waitForRetry } from '../util/retry.ts';

/** A request is about to be tried again. */
export interface RetryNews {
  /** Host and path; never a query, which may carry a signature. */
  address: string;
  reason: string;
  attempt: number;
  delayMs: number;
}

export interface WebOptions {
  fetch: typeof fetch;
  /** How often and how patiently a broken request is tried again. */
  retry: Pick<RetryOptions, 'policy' | 'clock' | 'random'>;
  signal: AbortSignal;
  /** Sent as `Authorization: Bearer …` to `origin` and to no other. */
  token?: { value: string; origin: string };
  /** Without a byte for so long, a connection counts as cut. */
  idleTimeoutMs: number;
  onRetry?: (news: RetryNews) => void;
}

/** An answer, with what the redirecting server said of the file it points to. */
export interface WebResponse {
  response: Response;
  /** `X-Linked-ETag`, or the ETag of the address that was asked for; without quotes. */
  linkedEtag: string | undefined;
  linkedSizeBytes: number | undefined;
  /** The body piece by piece; throws when it is cut, stalls, or the signal is aborted. */
  chunks: () => AsyncGenerator<Uint8Array, void, undefined>;
}

/** GET requests that follow redirects themselves, keep the token at home and try again when the network fails. */
export interface HttpClient {
  /**
   * Opens `url`. Any status that is not worth another attempt is returned, errors (4xx) too.
   * @throws DownloadError `connection-lost` every attempt failed; `offline` no server was ever reached; `unsafe-redirect` the server leads nowhere
   */
  open(url: string, headers?: Readonly<Record<string, string>>): Promise<WebResponse>;
  /** Waits as long as the policy says after so many failures in a row; false: no attempt is left. */
  waitForRetry(failures: number, address: string, cause: unknown): Promise<boolean>;
}

const maxRedirects = 8;
const offlineAttempts = 2;

/** An answer that another attempt may better. */
class TransientAnswer extends Error {
  readonly retryAfterMs: number;

  constructor({ status, headers }: Response) {
    super(`the server answered ${status}`);
    this.retryAfterMs = (integerHeader(headers, 'retry-after') ?? 0) * 1000;
  }
}

export function createHttpClient(options: WebOptions): HttpClient {
  const { signal, onRetry } = options;
  /** Any server has answered: the network is there, and worth the whole patience when it falters. */
  let isOnline = false;

  function retryOptions(address: string): RetryOptions {
    return {
      ...options.retry,
      signal,
      retryAfterMs: (error) => (error instanceof TransientAnswer ? error.retryAfterMs : 0),
      onRetry: (cause, { failures, delayMs }) =>
        onRetry?.({ address, reason: reasonOf(cause), attempt: failures, delayMs }),
    };
  }

  async function open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<WebResponse> {
    const address = addressOf(url);
    let attempts = 0;
    const isOffline = (error: unknown) => !isOnline && attempts >= offlineAttempts && isUnreachable(error);
    try {
      return await retry(
        async () => {
          attempts++;
          const answer = await follow(options, url, headers);
          isOnline = true;
          if (!isTransient(answer.response.status)) return answer;
          await answer.response.body?.cancel();
          throw new TransientAnswer(answer.response);
        },
        { ...retryOptions(address), shouldRetry: (error) => !(error instanceof DownloadError || isOffline(error)) },
      );
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DownloadError) throw error;
      throw isOffline(error) ? offline(address, error) : connectionLost(address, error);
    }
  }

  return {
    open,
    async waitForRetry(failures, address, cause) {
      try {
        return await waitForRetry(failures, cause, retryOptions(address));
      } finally {
        signal.throwIfAborted();
      }
    },
  };
}

/** The message of a connection that stayed broken; running the command again goes on from where it stopped. */
export function connectionLost(address: string, cause: unknown): DownloadError {
  const message = `The connection to ${address} failed (${reasonOf(cause)}). What has come so far is kept: run the same command again to go on.`;
  return new DownloadError('connection-lost', message, { cause });
}

function offline(address: string, cause: unknown): DownloadError {
  const message = `${address} can't be reached from here (${reasonOf(cause)}): is this machine online? Nothing was changed.`;
  return new DownloadError('offline', message, { cause });
}

/** Host and path of an address: a query may carry a signature that belongs in no message. */
export function addressOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

async function follow(
  options: WebOptions,
  firstUrl: string,
  headers: Readonly<Record<string, string>>,
): Promise<WebResponse> {
  let url = new URL(firstUrl);
  let linkedEtag: string | undefined;
  let linkedSizeBytes: number | undefined;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const idle = idleTimer(options);
    let response: Response;
    try {
      response = await options.fetch(url.href, {
        // Asked unpacked: sizes, ranges and checksums are those of the file itself.
        headers: { 'Accept-Encoding': 'identity', ...headers, ...authorization(options, url) },
        redirect: 'manual',
        signal: idle.signal,
      });
    } finally {
      idle.stop();
    }
    linkedEtag ??= bareEtag(response.headers.get('x-linked-etag') ?? (hop === 0 ? response.headers.get('etag') : null));
    linkedSizeBytes ??= integerHeader(response.headers, 'x-linked-size');
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) {
      return { response, linkedEtag, linkedSizeBytes, chunks: () => readChunks(response, idle) };
    }
    await response.body?.cancel();
    url = nextUrl(url, location);
  }
  throw new DownloadError('unsafe-redirect', `${addressOf(firstUrl)} redirects more than ${maxRedirects} times.`);
}

function nextUrl(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isWeb = to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:');
  if (to === undefined || !isWeb) {
    throw new DownloadError('unsafe-redirect', `${from.host} redirects to an address that is not safe to follow.`);
  }
  return to;
}

function authorization({ token }: WebOptions, url: URL): Record<string, string> {
  return token !== undefined && url.origin === token.origin ? { Authorization: `Bearer ${token.value}` } : {};
}

interface IdleTimer {
  signal: AbortSignal;
  restart: () => void;
  stop: () => void;
}

function idleTimer({ signal, idleTimeoutMs }: WebOptions): IdleTimer {
  const idle = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const restart = () => {
    stop();
    timer = setTimeout(() => idle.abort(new Error(`nothing came for ${idleTimeoutMs / 1000} s`)), idleTimeoutMs);
  };
  restart();
  return { signal: AbortSignal.any([signal, idle.signal]), restart, stop };
}

async function* readChunks(response: Response, idle: IdleTimer): AsyncGenerator<Uint8Array, void, undefined> {
  if (response.body === null) return;
  try {
    idle.restart();
    for await (const chunk of response.body) {
      // The consumer's own pauses (a slow disk) are not the server's.
      idle.stop();
      yield chunk;
      idle.restart();
    }
  } finally {
    idle.stop();
  }
}

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** A header that is a plain non-negative integer; undefined for anything else. */
export function integerHeader(headers: Headers, name: string): number | undefined {
  const text = headers.get(name)?.trim();
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function bareEtag(etag: string | null): string | undefined {
  return etag?.replace(/^W\//, '').replace(/^"|"$/g, '') || undefined;
}

function isUnreachable(error: unknown): boolean {
  const code = codeOf(innermostOf(error));
  return code !== undefined && ['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'].includes(code);
}

/** The innermost sentence: undici says only "fetch failed" and hides why in its cause. */
function reasonOf(error: unknown): string {
  const innermost = innermostOf(error);
  if (!(innermost instanceof Error)) return String(innermost);
  return innermost.message || codeOf(innermost) || innermost.name;
}

function innermostOf(error: unknown): unknown {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
