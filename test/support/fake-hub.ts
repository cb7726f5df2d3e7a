import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository of the fake hub. Change it between requests as an owner would. */
export interface FakeRepository {
  commit: string;
  files: Map<string, Buffer>;
  cardData?: Record<string, unknown>;
  /** Only this token may read it. */
  token?: string;
  gated?: boolean;
  /** Paths kept in LFS: sent by the storage host after a redirect. */
  isLarge: (path: string) => boolean;
  /** Bytes that the storage sends instead of the right ones. */
  corrupt?: Map<string, Buffer>;
  /** ETags that `resolve` claims instead of the right ones. */
  claimedEtags?: Map<string, string>;
}

/** What goes wrong with one request to the storage host; requests take them in order. */
type StorageFault =
  | { kind: 'cut'; afterBytes: number }
  | { kind: 'stall'; afterBytes: number }
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  | { kind: 'ignore-range' }
  | { kind: 'none' };

interface SeenRequest {
  host: 'hub' | 'storage';
  path: string;
  headers: IncomingMessage['headers'];
  status: number;
}

export interface FakeHub {
  endpoint: string;
  repositories: Map<string, FakeRepository>;
  storageFaults: StorageFault[];
  requests: SeenRequest[];
  /**
   * To be told how many bytes the client took: a `cut` falls when all that was sent has arrived, since a client loses what
   * lies between its socket and its reader when the connection breaks.
   */
  received: (bytes: number) => void;
  close: () => Promise<void>;
}

/** Entries per page of the tree listing: few, so that every listing has several pages. */
const pageSize = 3;

/**
 * A stand-in of the Hugging Face hub on 127.0.0.1: revision, tree (in pages), resolve, and a second host that stores large
 * files (Range, If-Range, ETag).
 */
export async function startFakeHub(): Promise<FakeHub> {
  const hub: FakeHub = { endpoint: '', repositories: new Map(), storageFaults: [], requests: [], received, close };
  let cut: { bytesToArrive: number; hangUp: () => void } | undefined;
  const servers: Server[] = [];
  const storage = await listen('storage', (request, response) =>
    answerStorage(hub, {
      request,
      response,
      onCut: (bytesToArrive, hangUp) => {
        cut = { bytesToArrive, hangUp };
      },
    }),
  );
  hub.endpoint = await listen('hub', (request, response) => answerHub(hub, storage, { request, response }));

  async function listen(
    host: SeenRequest['host'],
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ) {
    const server = createServer((request, response) => {
      const seen: SeenRequest = { host, path: request.url ?? '', headers: request.headers, status: 0 };
      hub.requests.push(seen);
      answer(request, response);
      seen.status = response.statusCode;
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function received(bytes: number) {
    if (cut === undefined) return;
    cut.bytesToArrive -= bytes;
    if (cut.bytesToArrive > 0) return;
    cut.hangUp();
    cut = undefined;
  }

  async function close() {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  return hub;
}

/** The ETag of a file: SHA-256 for what lies in LFS, git's blob name otherwise. */
function etagOf(bytes: Buffer, isLarge: boolean): string {
  const known = etags.get(bytes) ?? {};
  etags.set(bytes, known);
  if (isLarge) {
    known.large ??= createHash('sha256').update(bytes).digest('hex');
    return known.large;
  }
  known.small ??= createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  return known.small;
}

/** Every page of a listing asks for all of them. */
const etags = new WeakMap<Buffer, { large?: string; small?: string }>();

function answerHub(
  hub: FakeHub,
  storage: string,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): void {
  const url = new URL(request.url ?? '', hub.endpoint);
  const [, repo = '', kind, revision = '', path = ''] =
    /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)()$/.exec(url.pathname) ??
    /^\/([^/]+\/[^/]+)\/(resolve)\/([^/]+)\/(.+)$/.exec(url.pathname) ??
    [];
  const repository = hub.repositories.get(repo);
  const { authorization } = request.headers;
  const refusal = refusalOf(repository, { authorization, revision, isFile: kind === 'resolve' });
  if (repository === undefined || refusal !== undefined) {
    refuse(response, refusal ?? { status: 401, code: 'RepoNotFound' });
  } else if (kind === 'revision') {
    answerRevision(repo, repository, response);
  } else if (kind === 'tree') {
    answerTree(repository, url, response);
  } else {
    answerResolve(repository, `${storage}/${repo}`, { path: decodeURIComponent(path), response });
  }
}

interface Refusal {
  status: number;
  code: string;
}

function refusalOf(
  repository: FakeRepository | undefined,
  asked: { authorization: string | undefined; revision: string; isFile: boolean },
): Refusal | undefined {
  // Like the real one: without a token, what is private and what does not exist look the same.
  if (repository === undefined) return { status: asked.authorization === undefined ? 401 : 404, code: 'RepoNotFound' };
  const isReader = repository.token === undefined || asked.authorization === `Bearer ${repository.token}`;
  if (!isReader && repository.gated !== true) return { status: 401, code: 'RepoNotFound' };
  if (asked.revision !== 'main' && asked.revision !== repository.commit)
    return { status: 404, code: 'RevisionNotFound' };
  if (asked.isFile && !isReader) return { status: asked.authorization === undefined ? 401 : 403, code: 'GatedRepo' };
  return undefined;
}

function refuse(response: ServerResponse, { status, code }: Refusal): void {
  response.writeHead(status, { 'X-Error-Code': code, 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error: code }));
}

function answerResolve(
  repository: FakeRepository,
  storage: string,
  { path, response }: { path: string; response: ServerResponse },
): void {
  const bytes = repository.files.get(path);
  if (bytes === undefined) {
    refuse(response, { status: 404, code: 'EntryNotFound' });
    return;
  }
  const isLarge = repository.isLarge(path);
  const etag = repository.claimedEtags?.get(path) ?? etagOf(bytes, isLarge);
  if (!isLarge) {
    response.writeHead(200, { ETag: `"${etag}"`, 'Content-Length': bytes.length, 'X-Repo-Commit': repository.commit });
    response.end(bytes);
    return;
  }
  response.writeHead(302, {
    Location: `${storage}/${path}?signature=secret`,
    'X-Linked-ETag': `"${etag}"`,
    'X-Linked-Size': String(bytes.length),
    'X-Repo-Commit': repository.commit,
  });
  response.end();
}

function answerRevision(repo: string, repository: FakeRepository, response: ServerResponse): void {
  const { commit, cardData, gated } = repository;
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const body = { _id: 'fake', id: repo, sha: commit, cardData, gated: gated ?? false, private: false, lastModified: 0 };
  response.end(JSON.stringify(body));
}

function answerTree(repository: FakeRepository, url: URL, response: ServerResponse): void {
  const folders = new Set(
    [...repository.files.keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0]),
  );
  const entries = [
    ...[...folders].map((path) => ({ type: 'directory', oid: '0'.repeat(40), size: 0, path })),
    ...[...repository.files].map(([path, bytes]) => {
      const entry = { type: 'file', oid: etagOf(bytes, false), size: bytes.length, path };
      if (!repository.isLarge(path)) return entry;
      // The tree's own oid is that of the small pointer file.
      const lfs = { oid: etagOf(bytes, true), size: bytes.length, pointerSize: 134 };
      return { ...entry, oid: etagOf(Buffer.from(lfs.oid), false), lfs };
    }),
  ];
  const start = Number(url.searchParams.get('cursor') ?? 0);
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (start + pageSize < entries.length) {
    url.searchParams.set('cursor', String(start + pageSize));
    headers.Link = `<${url.href}>; rel="next"`;
  }
  response.writeHead(200, headers);
  response.end(JSON.stringify(entries.slice(start, start + pageSize)));
}

interface StorageExchange {
  request: IncomingMessage;
  response: ServerResponse;
  onCut: (bytesToArrive: number, hangUp: () => void) => void;
}

function answerStorage(hub: FakeHub, { request, response, onCut }: StorageExchange): void {
  const [, repo = '', path = ''] = /^\/([^/]+\/[^/]+)\/([^?]+)/.exec(request.url ?? '') ?? [];
  const repository = hub.repositories.get(repo);
  const bytes = repository?.corrupt?.get(path) ?? repository?.files.get(path);
  const fault = hub.storageFaults.shift() ?? { kind: 'none' };
  if (bytes === undefined || fault.kind === 'status') {
    response.writeHead(fault.kind === 'status' ? fault.status : 404, fault.kind === 'status' ? fault.headers : {});
    response.end();
    return;
  }
  const etag = `"storage-${etagOf(bytes, true).slice(0, 16)}"`;
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const isCurrent = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const isPartial = asked !== null && isCurrent && fault.kind !== 'ignore-range';
  const start = isPartial ? Number(asked[1]) : 0;
  if (start >= bytes.length && bytes.length > 0) {
    response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` });
    response.end();
    return;
  }
  const body = bytes.subarray(start);
  response.writeHead(isPartial ? 206 : 200, {
    ETag: etag,
    'Accept-Ranges': 'bytes',
    'Content-Length': body.length,
    ...(isPartial ? { 'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  if (fault.kind === 'cut' || fault.kind === 'stall') {
    if (fault.kind === 'cut') onCut(fault.afterBytes, () => response.socket?.end());
    response.write(body.subarray(0, fault.afterBytes));
  } else {
    response.end(body);
  }
}
