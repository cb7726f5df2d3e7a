import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDownload, type DownloadOptions } from '../../src/bot/download.ts';
import { UserError } from '../../src/errors.ts';
import { collectGarbage } from '../support/collect-garbage.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const download = (url: string, options: Partial<DownloadOptions>) =>
  createDownload({ allowedHosts: [], fetch: globalThis.fetch, checkPicture: async () => {}, ...options })({ url });

/** A fetch that must not be reached. */
const forbidden: typeof globalThis.fetch = () => Promise.reject(new Error('went out'));

describe('createDownload', () => {
  it('fetches the bytes from a host that the operator named', async () => {
    const host = await serve((_, response) => response.end(Buffer.from([1, 2, 0, 255])));
    const bytes = await download(`http://${host}/a.png?sig=1`, { allowedHosts: [host] });
    expect([...bytes]).toEqual([1, 2, 0, 255]);
  });

  it.each([
    'https://evil.example/a.png',
    'https://cdn.discordapp.com.evil.example/a.png',
    'https://cdn.discordapp.com:8443/a.png',
    'https://evil.example@cdn.discordapp.com/a.png',
    'https://cdn.discordapp.com@evil.example/a.png',
    'http://cdn.discordapp.com/a.png',
    'http://169.254.169.254/latest/meta-data',
    'http://192.168.0.1/a.png',
    'http://127.0.0.1:9/a.png',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'not a url',
  ])('does not even try %s', async (url) => {
    const options = { allowedHosts: ['cdn.discordapp.com', '192.168.0.1'], fetch: forbidden };
    await expect(download(url, options)).rejects.toMatchObject({ name: 'UserError', code: 'picture-host' });
  });

  it('follows no redirect, not even to an allowed host', async () => {
    const asked: string[] = [];
    const host = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const result = download(`http://${host}/a.png`, { allowedHosts: [host] });
    await expect(result).rejects.toMatchObject({ code: 'picture-unreachable' });
    expect(asked).toEqual(['/a.png']);
  });

  it('says when the link has expired', async () => {
    const host = await serve((_, response) => response.writeHead(404).end('This content is no longer available.'));
    const result = download(`http://${host}/a.png`, { allowedHosts: [host] });
    await expect(result).rejects.toMatchObject({ code: 'picture-unreachable' });
  });

  it('stops at the limit while an endless body streams in', async () => {
    const host = await serve((_, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const result = download(`http://${host}/a.png`, { allowedHosts: [host], limitBytes: 1024 * 1024 });
    await expect(result).rejects.toMatchObject({ code: 'picture-too-many-bytes', details: { limitMb: 1 } });
  });

  it('does not even ask for a file that is stated to be too large', async () => {
    const url = 'https://cdn.discordapp.com/a.png';
    const limited = createDownload({
      allowedHosts: ['cdn.discordapp.com'],
      fetch: forbidden,
      checkPicture: async () => {},
      limitBytes: 1024 * 1024,
    });
    const result = limited({ url, size: 1024 * 1024 + 1 });
    await expect(result).rejects.toMatchObject({ code: 'picture-too-many-bytes', details: { limitMb: 1 } });
    const asked = limited({ url, size: 1024 * 1024 });
    await expect(asked).rejects.toMatchObject({ code: 'picture-unreachable' });
  });

  it('has the bytes looked at, and rejects with what is said against them', async () => {
    const host = await serve((_, response) => response.end(Buffer.from([1, 2, 3])));
    const looked: number[][] = [];
    const checkPicture = async (bytes: Uint8Array) => {
      looked.push([...bytes]);
      throw new UserError('picture-blank', 'There is nothing to see.');
    };
    const result = download(`http://${host}/a.png`, { allowedHosts: [host], checkPicture });
    await expect(result).rejects.toMatchObject({ code: 'picture-blank' });
    expect(looked).toEqual([[1, 2, 3]]);
  });

  it('gives up on a host that never ends', async () => {
    const host = await serve((_, response) => {
      response.write('x');
    });
    const result = download(`http://${host}/a.png`, { allowedHosts: [host], timeoutMs: 50 });
    await expect(result).rejects.toMatchObject({ code: 'picture-slow' });
  });

  // Two on one collection: to look through all that a process holds is dear.
  it('gives up on a body that drips, at its time limit and at once when the bot stops, after a garbage collection too', async () => {
    const [slow, stopped] = [await dripping(), await dripping()];
    const stopping = new AbortController();
    const late = slow.download({ timeoutMs: 400 });
    const ended = stopped.download({ stopping: stopping.signal });
    for (const result of [late, ended]) result.catch(() => {});
    await Promise.all([slow.begun, stopped.begun]);
    await collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    await collectGarbage();
    stopping.abort();
    await expect(ended).rejects.toMatchObject({ code: 'picture-unreachable' });
    await stopped.closed;
    await expect(stopped.download({ stopping: stopping.signal })).rejects.toMatchObject({
      code: 'picture-unreachable',
    });
    await expect(late).rejects.toMatchObject({ code: 'picture-slow' });
  });

  it('gives up at its time limit where fetch heeds no signal', async () => {
    const deaf = () => new Promise<Response>(() => {});
    const result = download('https://a.example/a.png', { allowedHosts: ['a.example'], fetch: deaf, timeoutMs: 20 });
    await expect(result).rejects.toMatchObject({ code: 'picture-slow' });
  });
});

/** A host that sends a byte now and then without end, and tells when its body is being read. */
async function dripping() {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let close = () => {};
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const host = await serve((_, response) => {
    let count = 0;
    const timer = setInterval(() => {
      response.write('x');
      count += 1;
      if (count === 3) begin();
    }, 10);
    response.on('close', () => {
      clearInterval(timer);
      close();
    });
  });
  return {
    begun,
    closed,
    download: (options: Partial<DownloadOptions>) =>
      download(`http://${host}/a.png`, { allowedHosts: [host], ...options }),
  };
}
