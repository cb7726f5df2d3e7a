import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestUrl } from '../util/request-url.ts';
import { isValidLink } from './attachments.ts';
import { recordViolation, type World } from './world.ts';

/** Attachments have signed links; stickers and avatars are there for everybody. */
const link =
  /^\/(?:(?:ephemeral-)?attachments\/\d+\/(\d+)\/[^/]+|(?:stickers|(?:guilds\/\d+\/users\/\d+\/avatars|avatars\/\d+))\/(\w+)\.\w+)$/;

/** Whether a path belongs to the CDN. */
export function isCdnPath(path: string): boolean {
  return link.test(path);
}

/** Serves attachments by signed links, whole (200) or in part (206), so that videos can be sought in. */
export function serveCdn(world: World, request: IncomingMessage, response: ServerResponse): void {
  const url = requestUrl(request);
  const [, attachmentId, publicId] = link.exec(url.pathname) ?? [];
  const file = world.files.get(attachmentId ?? publicId ?? '');
  const isOpen = publicId !== undefined || isValidLink(world, url.pathname, url.searchParams);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    recordViolation(world, `CDN: ${request.method} ${url.pathname}`);
    response.writeHead(405).end();
    return;
  }
  if (!file || file.path !== url.pathname || !isOpen) {
    response.writeHead(404, { 'content-type': 'text/plain;charset=UTF-8' }).end('This content is no longer available.');
    return;
  }
  const size = file.bytes.byteLength;
  const shownInline = /^(image\/(png|jpeg|gif|webp)|video\/|text\/plain)/.test(file.contentType);
  const headers = {
    'content-type': file.contentType,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=86400',
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    // A file's bytes never change.
    etag: `"${file.id}"`,
    // Foreign pages must not run where the browser playground lives.
    'content-security-policy': "sandbox; default-src 'none'; media-src 'self'; img-src 'self'",
    'content-disposition': shownInline ? 'inline' : `attachment; filename*=UTF-8''${encodeURIComponent(file.filename)}`,
  };
  const range = parseRange(request.headers.range, size);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const part = file.bytes.subarray(start, end + 1);
  const partial = range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {};
  response.writeHead(range ? 206 : 200, { ...headers, ...partial, 'content-length': part.byteLength });
  response.end(request.method === 'HEAD' ? undefined : part);
}

/** The one range of a `Range` header, ends included; null: all of it (no header, several ranges, other units). */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start >= size) return 'unsatisfiable';
  return start > end ? null : { start, end };
}
