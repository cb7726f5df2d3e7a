import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../errors.ts';
import { contentTypeOf } from '../fake-discord/attachments.ts';
import type { Observer } from '../fake-discord/types.ts';
import type { Log } from '../util/log.ts';
import { requestUrl } from '../util/request-url.ts';
import { type OwnLinks, serveAttachment } from './attachment-links.ts';
import type { PageFile, PageFiles } from './bundle-page.ts';
import { type OriginGuard, setSecurityHeaders } from './page-security.ts';
import type { Samples } from './samples.ts';
import { receiveFile, type UploadStore } from './upload-store.ts';

/** What {@link createServeHttp} works with. */
export interface ServeHttpOptions {
  page: PageFiles;
  samples: Samples;
  uploads: UploadStore;
  links: OwnLinks;
  discord: Pick<Observer, 'attachmentLink'>;
  guard: OriginGuard;
  uploadLimitBytes: () => number;
  log: Log;
}

/** Uploads that may run at once; each may be in memory whole. */
const maxUploadsAtOnce = 8;

/** Answers the page's requests: the page, samples, attachments, and files that people give. Never rejects. */
export function createServeHttp(
  options: ServeHttpOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { page, samples, uploads, links, discord, guard, uploadLimitBytes, log } = options;
  let underWay = 0;

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (underWay >= maxUploadsAtOnce) return refuse(response, 503, 'Too many files at once: try again.');
    underWay += 1;
    try {
      const fileId = uploads.put(await receiveFile(request, uploadLimitBytes()));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ fileId }));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      refuse(response, error.code === 'file-too-large' ? 413 : 400, error.message);
    } finally {
      underWay -= 1;
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    const url = requestUrl(request);
    const problem = guard.checkHost(request);
    if (problem !== undefined) return refuse(response, 421, problem);
    if (method === 'POST' && url.pathname === '/files') {
      const foreign = guard.checkOrigin(request);
      return foreign === undefined ? receive(request, response) : refuse(response, 403, foreign);
    }
    if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'Not here.');

    const file = page.get(url.pathname) ?? sampleAt(url.pathname);
    if (file !== undefined) return send(response, file, method);
    const attachmentId = links.read(url);
    const link = attachmentId === undefined ? undefined : discord.attachmentLink(attachmentId);
    if (link === undefined) return refuse(response, 404, 'There is nothing here.');
    return serveAttachment(request, response, { link, download: url.searchParams.has('download') });
  }

  function sampleAt(path: string): PageFile | undefined {
    const sample = path.startsWith('/samples/') ? samples.find(path.slice('/samples/'.length)) : undefined;
    return sample && { contentType: contentTypeOf(sample.name), bytes: sample.bytes };
  }

  return async (request, response) => {
    setSecurityHeaders(response);
    try {
      await answer(request, response);
    } catch (err) {
      log.warn({ err, path: request.url?.split('?')[0] }, 'a request failed');
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'Something broke.');
    }
  };
}

function send(response: ServerResponse, { contentType, bytes }: PageFile, method: string): void {
  // After an update, another page is served at the same address.
  const headers = { 'content-type': contentType, 'content-length': bytes.byteLength, 'cache-control': 'no-cache' };
  response.writeHead(200, headers).end(method === 'HEAD' ? undefined : bytes);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(reason);
}
