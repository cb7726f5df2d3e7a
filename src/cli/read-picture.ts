import { readFile, stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { DownloadError, UserError } from '../errors.ts';
import { addressOf, createHttpClient } from '../hub/http-client.ts';
import { checkFile, limitsOf, type PictureLimits } from '../media/check-file.ts';
import { foregroundClock } from '../util/clock.ts';
import type { CliIo } from './io.ts';
import { isAddress } from './plan-clips.ts';
import { idleTimeoutMs } from './transfer-progress.ts';

/** What reading may touch, and how much it may take. */
export interface ReadPictureOptions extends Partial<Pick<CliIo, 'stdin' | 'signal'>> {
  limits?: PictureLimits;
  /** Default: the real one. */
  fetch?: typeof globalThis.fetch;
}

const megabyte = 1024 * 1024;

/** An address is tried three times: somebody waits for it. */
const retry = {
  policy: { firstMs: 1_000, factor: 3, maxMs: 3_000, tries: 3 },
  clock: foregroundClock,
} as const;

/**
 * A picture's bytes from a file, an address or standard input (`-`), looked at from outside only: it is decoded elsewhere.
 * @throws UserError `picture-unreadable`, or what `checkFile` throws; the message names the picture
 */
export async function readPicture(picture: string, options: ReadPictureOptions = {}): Promise<Uint8Array> {
  const { limits = limitsOf(undefined), signal = new AbortController().signal } = options;
  const bytes = await readBytes(picture, { ...options, limits, signal });
  try {
    checkFile(bytes, limits);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const message = `${displayName(picture)}: ${error.message}`;
    throw new UserError(error.code, message, { cause: error, details: error.details });
  }
  return bytes;
}

/** A picture's name in messages: addresses without what may be a signature. */
export function displayName(picture: string): string {
  if (picture === '-') return 'standard input';
  return isAddress(picture) && URL.canParse(picture) ? addressOf(picture) : picture;
}

type BytesOptions = ReadPictureOptions & { limits: PictureLimits; signal: AbortSignal };

async function readBytes(picture: string, options: BytesOptions): Promise<Uint8Array> {
  try {
    if (picture === '-') return await readStandardInput(options);
    if (isAddress(picture)) return await readAddress(picture, options);
    return await readOwnFile(picture, options.limits);
  } catch (cause) {
    options.signal.throwIfAborted();
    throw new UserError('picture-unreadable', `The picture cannot be read: ${reasonOf(cause)}.`, { cause });
  }
}

async function readOwnFile(path: string, { maxBytes }: PictureLimits): Promise<Uint8Array> {
  const entry = await stat(path).catch((error: unknown) => {
    throw missingFile(path, error);
  });
  if (!entry.isFile()) throw new Error(`${path} is not a file`);
  // A film given by mistake need not be read to be refused.
  if (entry.size > maxBytes) throw new Error(`${path} is larger than ${maxBytes / megabyte} MB`);
  return readFile(path);
}

/** What a person should do about a path that leads nowhere; any other error as it is. */
export function missingFile(path: string, error: unknown): unknown {
  const isMissing = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
  return isMissing ? new Error(`there is no file ${path}; check the name and the folder`, { cause: error }) : error;
}

async function readStandardInput({ stdin, limits, signal }: BytesOptions): Promise<Uint8Array> {
  if (stdin === undefined || stdin.isTTY) throw new Error('"-" takes it from standard input, and nothing is piped in');
  // Who interrupts does not wait for what the other end of the pipe may never send.
  addAbortSignal(signal, stdin as Readable);
  return collect(stdin as AsyncIterable<Uint8Array>, { ...limits, what: 'standard input' });
}

async function readAddress(address: string, options: BytesOptions): Promise<Uint8Array> {
  const { signal, limits, fetch = globalThis.fetch } = options;
  if (!URL.canParse(address)) throw new Error(`${address} is no address`);
  const web = createHttpClient({ fetch, retry, signal, idleTimeoutMs });
  const { response, chunks } = await web.open(address).catch((error: unknown) => {
    // "The connection to … failed (…)": what follows is about weights.
    throw error instanceof DownloadError ? new Error(/^[^)]*\)|^.*/.exec(error.message)?.[0], { cause: error }) : error;
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${addressOf(address)} answers ${response.status} ${response.statusText}`.trimEnd());
  }
  return collect(chunks(), { ...limits, what: addressOf(address) });
}

/** Reads to the end, or until there are too many bytes. */
async function collect(
  source: AsyncIterable<Uint8Array>,
  { maxBytes, what }: { maxBytes: number; what: string },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of source) {
    parts.push(part);
    length += part.byteLength;
    if (length > maxBytes) throw new Error(`${what} is larger than ${maxBytes / megabyte} MB`);
  }
  return Buffer.concat(parts);
}

/** The words of an error without its full stop, since a sentence goes on behind them. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
