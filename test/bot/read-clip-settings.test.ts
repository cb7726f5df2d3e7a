import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ClipSettingsOptions, createClipSettingsReader } from '../../src/bot/read-clip-settings.ts';
import type { FileEnds } from '../../src/util/file-ends.ts';

const partBytes = 128 * 1024;

/** A host of files by path. What it was asked for, and how many bytes it could send before it was left. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    ranges.push(`${request.url} ${request.headers.range}`);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, ranges, url: (path: string) => `http://${host}${path}` };
}

/** Gives parts of a file, as Discord does. */
function givePart(file: Uint8Array, { headers }: IncomingMessage, response: ServerResponse): void {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  const part = file.subarray(Number(from), Number(to) + 1);
  const end = Number(from) + part.byteLength - 1;
  response.writeHead(206, { 'content-range': `bytes ${from}-${end}/${file.byteLength}` }).end(part);
}

/** Sends without an end. */
function flood(response: ServerResponse): void {
  const more = () => {
    while (response.write(Buffer.alloc(65_536)));
  };
  response.on('drain', more);
  more();
}

function reader(host: string, options: Partial<ClipSettingsOptions> = {}) {
  const seen: FileEnds[] = [];
  const read = createClipSettingsReader({
    allowedHosts: [host],
    fetch: globalThis.fetch,
    clock: { now: () => 1_000 },
    readSettings(file) {
      seen.push(file);
      return undefined;
    },
    ...options,
  });
  return { read, seen };
}

const long = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));

describe('createClipSettingsReader', () => {
  it('reads the start of a file, and its end where the start does not say', async () => {
    const { host, ranges, url } = await serve((request, response) => givePart(long, request, response));
    const { read, seen } = reader(host);
    expect(await read('u1', [url('/a.mp4')])).toBeUndefined();
    expect(ranges).toEqual([`/a.mp4 bytes=0-${partBytes - 1}`, `/a.mp4 bytes=${1_000_000 - partBytes}-999999`]);
    expect(seen).toHaveLength(2);
    const [first, both] = seen as [FileEnds, FileEnds];
    expect(Buffer.compare(first.head, long.subarray(0, partBytes))).toBe(0);
    expect(first).toMatchObject({ tail: Buffer.of(), size: 1_000_000 });
    expect(Buffer.compare(both.tail, long.subarray(-partBytes))).toBe(0);

    const { read: satisfied } = reader(host, { readSettings: () => ({ seed: 7 }) });
    expect(await satisfied('u1', [url('/b.gif')])).toEqual({ seed: 7 });
    expect(ranges.slice(2)).toEqual([`/b.gif bytes=0-${partBytes - 1}`]);
  });

  it('asks once for a file that is no longer than a part, and not twice for the middle of one that hardly is', async () => {
    const small = await serve((request, response) => givePart(long.subarray(0, 100), request, response));
    await reader(small.host).read('u1', [small.url('/a.gif')]);
    expect(small.ranges).toHaveLength(1);
    const file = long.subarray(0, partBytes + 10);
    const medium = await serve((request, response) => givePart(file, request, response));
    const { read, seen } = reader(medium.host);
    await read('u1', [medium.url('/a.gif')]);
    expect(medium.ranges[1]).toBe(`/a.gif bytes=${partBytes}-${2 * partBytes - 1}`);
    expect(Buffer.compare(Buffer.concat([seen[1]!.head, seen[1]!.tail]), file)).toBe(0);
  });

  it('breaks off a host that knows no parts, and reads what came until then', async () => {
    const { host, ranges, url } = await serve((_, response) => flood(response));
    const { read, seen } = reader(host);
    expect(await read('u1', [url('/a.mp4')])).toBeUndefined();
    expect(ranges).toHaveLength(1);
    expect(seen.map(({ head, tail, size }) => [head.byteLength, tail.byteLength, size])).toEqual([
      [partBytes, 0, Number.POSITIVE_INFINITY],
    ]);
  });

  it('reads no more than asked for of a part that does not end', async () => {
    const { host, url } = await serve((_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-9/1000000' });
      flood(response);
    });
    const { read, seen } = reader(host);
    await expect(read('u1', [url('/a.mp4')])).rejects.toMatchObject({ code: 'picture-unreachable' });
    expect(seen[0]!.head.byteLength).toBe(partBytes);
  });

  it('looks at four files and a megabyte at most, and goes on after one that is gone', async () => {
    let bytes = 0;
    const { host, ranges, url } = await serve((request, response) => {
      if (request.url === '/0.mp4') return response.writeHead(404).end('gone');
      bytes += partBytes;
      return givePart(long, request, response);
    });
    const names = Array.from({ length: 10 }, (_, index) => `/${index}.mp4`);
    const { read } = reader(host);
    await expect(read('u1', names.map(url))).rejects.toMatchObject({ code: 'picture-unreachable' });
    expect([...new Set(ranges.map((range) => range.split(' ')[0]))]).toEqual(names.slice(0, 4));
    expect(bytes).toBeLessThanOrEqual(1024 * 1024);
    // Where a later one has settings, nothing has to be said of the first.
    const { read: found } = reader(host, { readSettings: () => ({ seed: 7 }) });
    expect(await found('u1', names.map(url))).toEqual({ seed: 7 });
  });

  it('has one time limit for all files', async () => {
    const { host, ranges, url } = await serve((_, response) => void response.write('x'));
    const { read } = reader(host, { timeoutMs: 50 });
    const result = read('u1', ['/a.mp4', '/b.mp4'].map(url));
    await expect(result).rejects.toMatchObject({ code: 'picture-slow', details: { limitSeconds: 0.05 } });
    // None at all where a busy machine lets the time pass before the first.
    expect(ranges.length).toBeLessThanOrEqual(1);
  });

  it('lets each person look once in five seconds, and asks no host before', async () => {
    const clock = { nowMs: 1_000, now: () => clock.nowMs };
    const { host, ranges, url } = await serve((request, response) => givePart(long.subarray(0, 9), request, response));
    const { read } = reader(host, { clock });
    const urls = [url('/a.mp4')];
    await read('u1', urls);
    clock.nowMs += 4_999;
    await expect(read('u1', urls)).rejects.toMatchObject({ code: 'too-often', details: { freeAtMs: 6_000 } });
    // A message without files costs nothing.
    expect(await read('u1', [])).toBeUndefined();
    expect(ranges).toHaveLength(1);
    await read('u2', urls);
    clock.nowMs += 1;
    await read('u1', urls);
    expect(ranges).toHaveLength(3);
  });

  it('asks allowed hosts alone, and follows no redirect', async () => {
    const { host, ranges, url } = await serve((_, response) => response.writeHead(302, { location: '/b' }).end());
    await expect(reader(host).read('u1', [url('/a.mp4')])).rejects.toMatchObject({ code: 'picture-unreachable' });
    const elsewhere = reader('cdn.discordapp.com').read('u1', [url('/a.mp4')]);
    await expect(elsewhere).rejects.toMatchObject({ code: 'picture-host' });
    expect(ranges).toHaveLength(1);
  });

  it('believes no host that gives another part than it was asked for', async () => {
    const { host, url } = await serve((_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 5-9/10' }).end('56789');
    });
    const { read, seen } = reader(host);
    await expect(read('u1', [url('/a.mp4')])).rejects.toMatchObject({ code: 'picture-unreachable' });
    expect(seen).toEqual([]);
  });
});
