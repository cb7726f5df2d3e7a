import { type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** Headers of a question that the stand-in has to see: parts of a file, and whether it changed. */
const askedHeaders = ['range', 'if-range', 'if-none-match'] as const;

/** Headers of its answer that the browser has to see. */
const answeredHeaders = [
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-length',
  'content-range',
  'content-security-policy',
  'content-type',
  'etag',
] as const;

/** Hands on an attachment from `link`, whole or in part, to be shown or, with `download`, to be saved. */
export async function serveAttachment(
  request: IncomingMessage,
  response: ServerResponse,
  { link, download }: { link: string; download: boolean },
): Promise<void> {
  const asked = openRequest(link, { method: request.method, headers: chosen(request, askedHeaders) });
  response.once('close', () => asked.destroy());
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve).once('error', reject).end();
  });
  const disposition = download && { 'content-disposition': `attachment; filename*=UTF-8''${fileNameIn(link)}` };
  response.writeHead(answer.statusCode ?? 502, { ...chosen(answer, answeredHeaders), ...disposition });
  // Who seeks in a video, or closes the page, ends a transfer in the middle: that is no failure.
  await pipeline(answer, response).catch(() => {});
}

/** Percent-encoded already, as it stands in the link. */
function fileNameIn(link: string): string {
  return new URL(link).pathname.split('/').at(-1) ?? '';
}

/** Those of the headers that are there. */
function chosen({ headers }: IncomingMessage, names: readonly string[]): Record<string, string | string[]> {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}
