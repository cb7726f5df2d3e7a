import type { FileHandle } from 'node:fs/promises';
import { DownloadError } from '../errors.ts';
import type { Disk } from './disk.ts';
import { addressOf, integerHeader, type WebResponse } from './http-client.ts';
import { type Digest, partPath, removePart, writePartRecord } from './part-file.ts';

/** A file to fetch, known beforehand to the byte. */
export interface RemoteFile {
  url: string;
  sizeBytes: number;
  digest: Digest;
}

export interface ReceiveOptions {
  disk: Disk;
  signal: AbortSignal;
  /** Bytes of the file that are on disk by now; falls back when a server starts again. */
  onProgress?: (receivedBytes: number) => void;
  /** Turns an answer that is an error (status 4xx) into the error to throw. */
  refusal: (response: Response) => DownloadError;
}

/** Where the next byte goes, and the ETag that the bytes before it came under. */
export interface Position {
  bytes: number;
  etag: string | undefined;
}

/** The headers that ask for the rest of a file. */
export function rangeHeaders({ bytes, etag }: Position): Record<string, string> {
  if (bytes === 0) return {};
  return { Range: `bytes=${bytes}-`, ...(etag === undefined ? {} : { 'If-Range': etag }) };
}

/** How an answer ended: where the part stands, and why it is not whole yet. */
export interface Received {
  position: Position;
  /** The answer ended early; undefined where the file is whole. */
  cut?: unknown;
}

/**
 * Appends an answer's body to the part at `path`, or starts the part again where the server can't go on.
 * @throws DownloadError a refusal (4xx) or `file-changed`; an error of the disk as it came
 */
export async function receive(
  file: RemoteFile,
  path: string,
  options: ReceiveOptions & { answer: WebResponse; position: Position },
): Promise<Received> {
  const { answer, position, disk } = options;
  const { response } = answer;
  const resumes = response.status === 206 && startOfRange(response.headers) === position.bytes;
  if (response.status === 416 || (response.status === 206 && !resumes)) {
    await response.body?.cancel();
    await removePart(path);
    return { position: { bytes: 0, etag: undefined }, cut: new Error('the server could not go on from there') };
  }
  if (response.status !== 200 && response.status !== 206) {
    await response.body?.cancel();
    throw options.refusal(response);
  }
  await refuseChanged(file, path, answer);
  // A 200 means: no Range was sent, or it was ignored, or the ETag is another. The part starts again.
  const start = resumes ? position : { bytes: 0, etag: strongEtag(response.headers) };
  await writePartRecord(path, { sizeBytes: file.sizeBytes, digest: file.digest, etag: start.etag });
  const part = await disk.open(partPath(path), resumes ? 'r+' : 'w');
  try {
    const received = await append(file, path, { ...options, part, start });
    await part.sync();
    return received;
  } finally {
    await part.close();
  }
}

async function append(
  file: RemoteFile,
  path: string,
  options: ReceiveOptions & { answer: WebResponse; part: FileHandle; start: Position },
): Promise<Received> {
  const { answer, part, signal, onProgress } = options;
  const position = { ...options.start };
  const chunks = answer.chunks();
  for (;;) {
    let next: IteratorResult<Uint8Array, void>;
    try {
      next = await chunks.next();
    } catch (error) {
      signal.throwIfAborted();
      return { position, cut: error };
    }
    if (next.done) break;
    if (position.bytes + next.value.length > file.sizeBytes) {
      await chunks.return();
      throw await changed(file, path, 'the server sends more bytes than the file has');
    }
    await writeFully(part, next.value, position.bytes);
    position.bytes += next.value.length;
    onProgress?.(position.bytes);
  }
  if (position.bytes < file.sizeBytes) return { position, cut: new Error('the server ended the file early') };
  return { position };
}

async function writeFully(part: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await part.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Stops before a byte is written when the server says that the file is not the one that was listed. */
async function refuseChanged(file: RemoteFile, path: string, answer: WebResponse): Promise<void> {
  const { response, linkedEtag, linkedSizeBytes } = answer;
  const total = linkedSizeBytes ?? totalOfAnswer(response);
  // Only an ETag that has the checksum's own form says something about the content: mirrors put theirs in its place.
  const isDigest =
    linkedEtag !== undefined && linkedEtag.length === file.digest.hex.length && /^[\da-f]+$/.test(linkedEtag);
  if (total !== undefined && total !== file.sizeBytes) {
    await response.body?.cancel();
    throw await changed(file, path, `${total} bytes instead of ${file.sizeBytes}`);
  }
  if (isDigest && linkedEtag !== file.digest.hex) {
    await response.body?.cancel();
    throw await changed(file, path, `ETag ${linkedEtag.slice(0, 12)}… instead of ${file.digest.hex.slice(0, 12)}…`);
  }
}

async function changed(file: RemoteFile, path: string, how: string): Promise<DownloadError> {
  await removePart(path);
  const message = `${addressOf(file.url)} changed while it was being fetched: ${how}. Run the same command again to take the new version.`;
  return new DownloadError('file-changed', message);
}

function totalOfAnswer(response: Response): number | undefined {
  if (response.status === 200) return integerHeader(response.headers, 'content-length');
  const total = /\/(\d{1,15})$/.exec(response.headers.get('content-range') ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

function startOfRange(headers: Headers): number | undefined {
  const start = /^bytes (\d{1,15})-/.exec(headers.get('content-range') ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

/** Only a strong ETag may stand in If-Range. */
function strongEtag(headers: Headers): string | undefined {
  const etag = headers.get('etag');
  return etag?.startsWith('"') ? etag : undefined;
}
