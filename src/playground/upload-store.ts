import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import type { FileInput } from '../fake-discord/types.ts';
import type { Clock } from '../util/clock.ts';
import { requestUrl } from '../util/request-url.ts';

/** Files that people uploaded, kept until they are used. */
export interface UploadStore {
  /** Makes room by dropping the least recently used files. Returns the file's id, which cannot be guessed. */
  put(file: FileInput): string;
  /** Undefined where it was dropped. */
  take(id: string): FileInput | undefined;
  clear(): void;
}

/** The limits of an upload store. */
export interface UploadStoreOptions {
  clock: Clock;
  /** Default 128 MiB. */
  maxBytes?: number;
  /** Default 200. */
  maxFiles?: number;
  /** Default 15 minutes. */
  idleMs?: number;
}

/** Makes an empty upload store. */
export function createUploadStore(options: UploadStoreOptions): UploadStore {
  const { clock, maxBytes = 128 * 1024 * 1024, maxFiles = 200, idleMs = 15 * 60_000 } = options;
  /** In order of use: the first is the least recently used. */
  const kept = new Map<string, { file: FileInput; cancelTimer: () => void }>();
  let sizeBytes = 0;

  function drop(id: string): FileInput | undefined {
    const entry = kept.get(id);
    if (entry === undefined) return undefined;
    entry.cancelTimer();
    kept.delete(id);
    sizeBytes -= entry.file.bytes.byteLength;
    return entry.file;
  }

  function keep(id: string, file: FileInput): void {
    kept.set(id, { file, cancelTimer: clock.after(idleMs, () => drop(id)) });
    sizeBytes += file.bytes.byteLength;
  }

  return {
    put(file) {
      const id = randomBytes(16).toString('base64url');
      keep(id, file);
      for (const oldest of kept.keys()) {
        if (oldest === id || (sizeBytes <= maxBytes && kept.size <= maxFiles)) break;
        drop(oldest);
      }
      return id;
    },
    take(id) {
      const file = drop(id);
      if (file !== undefined) keep(id, file);
      return file;
    },
    clear() {
      for (const id of [...kept.keys()]) drop(id);
    },
  };
}

/** How much of a refused body is still read, so that the browser sees the refusal; then the connection is closed. */
const drainedBytes = 64 * 1024 * 1024;

/** As Discord's limit for file names. */
const maxNameLength = 260;

/**
 * Reads a file from a request's body; `?name=` says what it is called.
 * @throws AppError `file-too-large` or `file-nameless`
 */
export async function receiveFile(request: IncomingMessage, limitBytes: number): Promise<FileInput> {
  const name = requestUrl(request).searchParams.get('name')?.slice(0, maxNameLength);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes <= limitBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (sizeBytes > limitBytes + drainedBytes) break; // which destroys the request
  }
  if (sizeBytes > limitBytes) {
    const limitMb = limitBytes / 1024 / 1024;
    throw new AppError('file-too-large', `Files may have up to ${Number(limitMb.toFixed(1))} MB here.`);
  }
  if (!name) throw new AppError('file-nameless', 'A file needs a name: POST /files?name=NAME.');
  const contentType = request.headers['content-type'];
  return { name, bytes: Buffer.concat(chunks, sizeBytes), ...(contentType && { contentType }) };
}
