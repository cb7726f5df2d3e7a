import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request that is answered with another status than success. */
export class HttpRefusal extends Error {
  readonly status: number;
  /** What the worker is told of it. */
  readonly told: Error | undefined;

  constructor(status: number, told?: Error) {
    super(`refused: ${status}`);
    this.status = status;
    this.told = told;
  }
}

/** @throws HttpRefusal 413: it is larger */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) throw new HttpRefusal(413);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new HttpRefusal(413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Which part of a file comes: from `at` up to and without `end`.
 * @throws HttpRefusal 400
 */
export function readContentRange({ headers }: IncomingMessage): { at: number; end: number; total: number } {
  const match = /^bytes (\d{1,12})-(\d{1,12})\/(\d{1,12})$/.exec(headers['content-range'] ?? '');
  const [at = -1, last = -1, total = -1] = (match ?? []).slice(1).map(Number);
  if (at < 0 || last < at || last >= total) throw new HttpRefusal(400);
  return { at, end: last + 1, total };
}

/**
 * Sends a file, or what follows of it from where `Range: bytes=N-` says.
 * @throws HttpRefusal 416
 */
export function answerRange(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  const wanted = request.headers.range;
  const [, from] = /^bytes=(\d{1,12})-$/.exec(wanted ?? '') ?? [];
  if (wanted !== undefined && (from === undefined || Number(from) >= bytes.byteLength)) throw new HttpRefusal(416);
  const at = Number(from ?? 0);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': bytes.byteLength - at,
    'cache-control': 'no-store',
    ...(at > 0 && { 'content-range': `bytes ${at}-${bytes.byteLength - 1}/${bytes.byteLength}` }),
  };
  response.writeHead(at > 0 ? 206 : 200, headers).end(bytes.subarray(at));
}
