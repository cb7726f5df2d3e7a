import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeNuget {
  /** The address of the feed's index. */
  index: string;
  /** What the package's address sends. */
  content: Buffer;
  /** What the catalog vouches for. */
  promised: Buffer;
  requests: { path: string; range: string | undefined }[];
  close: () => Promise<void>;
}

/** A NuGet v3 feed on 127.0.0.1 with one package. */
export async function startFakeNuget(id: string, version: string, content: Buffer): Promise<FakeNuget> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const { range } = request.headers;
    feed.requests.push({ path, range });
    const base = new URL(feed.index).origin;
    const json = new Map<string, unknown>([
      [
        '/v3/index.json',
        {
          version: '3.0.0',
          resources: [
            { '@id': `${base}/flat/`, '@type': 'PackageBaseAddress/3.0.0' },
            { '@id': `${base}/registration/`, '@type': 'RegistrationsBaseUrl/3.6.0' },
          ],
        },
      ],
      [
        `/registration/${id.toLowerCase()}/${version}.json`,
        { catalogEntry: `${base}/catalog/entry.json`, packageContent: `${base}/flat/package.nupkg` },
      ],
      [
        '/catalog/entry.json',
        {
          packageHash: createHash('sha512').update(feed.promised).digest('base64'),
          packageHashAlgorithm: 'SHA512',
          packageSize: feed.promised.length,
        },
      ],
    ]).get(path);
    if (json !== undefined) {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
    } else if (path === '/flat/package.nupkg') {
      const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
      const headers = { ETag: '"nupkg"', 'Content-Length': feed.content.length - start };
      const rangeOf = `bytes ${start}-${feed.content.length - 1}/${feed.content.length}`;
      response.writeHead(start > 0 ? 206 : 200, start > 0 ? { ...headers, 'Content-Range': rangeOf } : headers);
      response.end(feed.content.subarray(start));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const feed: FakeNuget = {
    index: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3/index.json`,
    content,
    promised: content,
    requests: [],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return feed;
}
