import { createHmac, randomBytes } from 'node:crypto';
import { type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Json } from '../fake-discord/payloads.ts';

/** Attachments' addresses on the page's own origin. */
export interface OwnLinks {
  /** A deep copy with every link to an attachment turned into a path of the playground, and one added to stickers. */
  rewrite<T>(value: T): T;
  /** The file that a path names; undefined where its key is not the path's. Avatars are there for everybody. */
  read(url: URL): string | undefined;
}

const linkPath = /^\/(?:(?:ephemeral-)?attachments\/\d+\/(\d+)\/[^/]+|stickers\/(\d+)\.(?:png|gif))$/;

/** Named by a hash, which no attachment has as its id. */
const avatarPath = /^\/avatars\/\d+\/([0-9a-f]{32})\.png$/;

/** StickerFormatType: PNG and APNG are served as PNG. Lottie is a drawing in JSON, which the page does not draw. */
const stickerExtensions: Readonly<Record<string, string>> = { 1: 'png', 2: 'png', 4: 'gif' };

/**
 * The stand-in, whose attachments are at `cdnHost`, signs its links anew each time it sends them, which would make a
 * video start over at each edit. The links made here stay the same, and cannot be guessed either.
 */
export function createOwnLinks(cdnHost: string): OwnLinks {
  const cdnOrigin = `http://${cdnHost}`;
  const secret = randomBytes(32);
  const keyOf = (path: string) => createHmac('sha256', secret).update(path).digest('base64url').slice(0, 22);

  const keyed = (path: string) => `${path}?key=${keyOf(path)}`;

  function rewriteJson(value: Json | undefined): Json | undefined {
    if (typeof value === 'string') return rewriteText(value);
    if (Array.isArray(value)) return value.map((item) => rewriteJson(item) as Json);
    if (value === null || typeof value !== 'object') return value;
    const rewritten = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rewriteJson(item)]));
    const extension = stickerExtensions[String(value.format_type)];
    // Discord's client knows where stickers are; the page is told.
    return extension === undefined ? rewritten : { ...rewritten, url: keyed(`/stickers/${value.id}.${extension}`) };
  }

  function rewriteText(text: string): string {
    if (!text.startsWith(`${cdnOrigin}/`) || !URL.canParse(text)) return text;
    const { pathname } = new URL(text);
    return linkPath.test(pathname) ? keyed(pathname) : text;
  }

  return {
    rewrite: <T>(value: T) => rewriteJson(value as Json) as T,
    read({ pathname, searchParams }) {
      const [, avatar] = avatarPath.exec(pathname) ?? [];
      if (avatar !== undefined) return avatar;
      const [, attachment, sticker] = linkPath.exec(pathname) ?? [];
      const id = attachment ?? sticker;
      return searchParams.get('key') === keyOf(pathname) ? id : undefined;
    },
  };
}

/** Request headers that are passed on: ranges and conditions. */
const askedHeaders = ['range', 'if-range', 'if-none-match'] as const;

/** Response headers that are passed back. */
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

/** Proxies an attachment from `link`, whole or in part; with `download`, the browser saves it instead of showing it. */
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
  // Seeking in a video or closing the page aborts a transfer: that is no failure.
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
