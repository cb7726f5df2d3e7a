import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { DownloadError } from '../errors.ts';
import { diskError, syncFolderOf } from './disk.ts';
import { type Position, type ReceiveOptions, type RemoteFile, rangeHeaders, receive } from './download-body.ts';
import { addressOf, connectionLost, type HttpClient } from './http-client.ts';
import { createDigester, digestFile, findPart, partPath, promotePart, removePart } from './part-file.ts';

export interface DownloadOptions extends ReceiveOptions {
  web: HttpClient;
}

/**
 * Fetches `file` to `path`, going on from `path.part` where an earlier run stopped. The file has its name only once its
 * size and checksum are right and it is safely on disk.
 * @throws DownloadError `connection-lost`, `disk-full`, `not-writable`, `file-changed`, `checksum-mismatch`, or a refusal
 */
export async function downloadFile(file: RemoteFile, path: string, options: DownloadOptions): Promise<void> {
  const { web, disk, signal, onProgress } = options;
  try {
    await mkdir(dirname(path), { recursive: true });
    let position = await resumePosition(file, path);
    onProgress?.(position.bytes);
    for (let failures = 0; position.bytes < file.sizeBytes; ) {
      const before = position.bytes;
      const answer = await web.open(file.url, rangeHeaders(position));
      const outcome = await receive(file, path, { ...options, answer, position });
      position = outcome.position;
      if (outcome.cut === undefined) break;
      failures = position.bytes > before ? 1 : failures + 1;
      if (!(await web.waitForRetry(failures, addressOf(file.url), outcome.cut))) {
        throw connectionLost(addressOf(file.url), outcome.cut);
      }
    }
    if (file.sizeBytes === 0) await disk.open(partPath(path), 'w').then((handle) => handle.close());
    await verify(file, path, signal);
    await promotePart(path);
    await syncFolderOf(path);
  } catch (error) {
    signal.throwIfAborted();
    throw diskError(error, path);
  }
}

async function resumePosition(file: RemoteFile, path: string): Promise<Position> {
  const position = await findPart(path, file);
  if (position.bytes === 0) await removePart(path);
  return position;
}

async function verify(file: RemoteFile, path: string, signal: AbortSignal): Promise<void> {
  const digester = createDigester(file.digest.kind, file.sizeBytes);
  await digestFile(partPath(path), file.sizeBytes, digester, signal);
  const hex = digester.hex();
  if (hex === file.digest.hex) return;
  await removePart(path);
  const message = `${basename(path)} came with the wrong checksum (${file.digest.kind} ${hex.slice(0, 12)}… instead of ${file.digest.hex.slice(0, 12)}…) and was thrown away. Run the same command again; if it happens again, something between here and ${new URL(file.url).host} alters files.`;
  throw new DownloadError('checksum-mismatch', message);
}
