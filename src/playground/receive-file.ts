import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.ts';
import type { FileInput } from '../fake-discord/types.ts';
import { requestUrl } from '../util/request-url.ts';

/** Read on and forgotten so that the browser hears the refusal; who sends more than that is cut off. */
const drainedBytes = 64 * 1024 * 1024;

/** As Discord's own limit for names. */
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
