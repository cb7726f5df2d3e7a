import { request as httpRequest } from 'node:http';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { ApiUser } from '../../src/fake-discord/payloads.ts';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import { closeCode } from '../../src/playground/protocol.ts';
import { type PlaygroundOptions, startPlayground } from '../../src/playground/start-playground.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { stubPage } from './stub-page.ts';
import { visit } from './visit.ts';

const log = createRecordingLog();

/** The server without a bot: what it answers by itself. */
async function serve(options: Partial<PlaygroundOptions> = {}) {
  const discord = await startFakeDiscord();
  const playground = await startPlayground({
    discord,
    log,
    page: stubPage,
    samplesDir: 'assets',
    reactionEmoji: '🎬',
    model: { name: 'tiny', description: 'for tests' },
    killRenderProcess: () => false,
    startBot: async () => ({ lost: new Promise<never>(() => {}), stop: async () => {} }),
    listenAt: { host: '127.0.0.1', port: 0, mustBePort: true },
    ...options,
  });
  onTestFinished(async () => {
    await playground.close();
    await discord.close();
  });
  return { ...playground, discord };
}

afterEach(() => expect(log.events.filter(({ level }) => level === 'error')).toEqual([]));

/** `fetch` would not let a Host or an Origin be made up. */
function ask(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) {
  return new Promise<number | undefined>((resolve, reject) => {
    httpRequest(url, { method, headers }, (response) => resolve(response.resume().statusCode))
      .once('error', reject)
      .end();
  });
}

/** 101 where the WebSocket opens, else the status of the refusal. */
function shake(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const socket = new WebSocket(`${url.replace('http:', 'ws:')}live`, { headers });
  onTestFinished(() => socket.terminate());
  return new Promise((resolve) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode));
    socket.on('error', () => {});
  });
}

it('serves the page and the samples under a strict policy, and nothing else', async () => {
  const { url, discord } = await serve();
  const page = await fetch(url);
  expect(await page.text()).toContain('<title>stub</title>');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/http|\*|unsafe-eval|script-src[^;]*unsafe/);
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  expect(page.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  expect((await fetch(`${url}samples/cat.jpg`)).headers.get('content-type')).toBe('image/jpeg');
  const [{ id, avatar }] = discord.users() as [ApiUser];
  expect((await fetch(`${url}avatars/${id}/${avatar}.png`)).headers.get('content-type')).toBe('image/png');
  const { attachments } = discord.postMessage({ attachments: [{ name: 'a.png', bytes: Buffer.of(1) }] });
  // Files of messages are not to be had by the way to avatars.
  expect(await ask(`${url}avatars/${id}/${attachments[0]?.id}.png`)).toBe(404);
  for (const path of ['samples/../package.json', 'samples/SOURCES.md', 'page/', 'attachments/1/2/a.mp4', 'live']) {
    expect(await ask(`${url}${path}`)).toBe(404);
  }
  expect(await ask(url, { method: 'DELETE' })).toBe(405);
  expect(await ask(`${url}/`)).toBe(404); // begins with two slashes
});

it('answers to its own names alone, and lets only its own page act', async () => {
  const { url } = await serve();
  const { host, origin } = new URL(url);
  const port = host.split(':')[1];
  expect(await ask(url, { headers: { host: `localhost:${port}` } })).toBe(200);
  for (const foreign of [`evil.example:${port}`, `127.0.0.1.evil.example:${port}`, '192.168.1.2', '[::2]']) {
    expect(await ask(url, { headers: { host: foreign } })).toBe(421);
  }
  const post = (headers: Record<string, string>) => ask(`${url}files?name=a.png`, { method: 'POST', headers });
  expect(await post({ origin })).toBe(200);
  for (const headers of [
    {},
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: `http://localhost:${port}` },
  ]) {
    expect(await post(headers as Record<string, string>)).toBe(403);
  }
  expect(await shake(url, { origin })).toBe(101);
  expect(await shake(url, { origin: `http://localhost:${port}`, host: `localhost:${port}` })).toBe(101);
  expect(await shake(url, {})).toBe(403);
  expect(await shake(url, { origin: 'http://evil.example' })).toBe(403);
  expect(await shake(url, { origin: `http://evil.example:${port}`, host: `evil.example:${port}` })).toBe(403);
});

it('takes files up to the limit, keeps them for a message, and passes attachments on in parts', async () => {
  const { url } = await serve({ uploadLimitBytes: 1000, uploads: { maxFiles: 2 } });
  const post = (sizeBytes: number, name = 'clip.mp4') =>
    fetch(`${url}files?name=${name}`, {
      method: 'POST',
      headers: { origin: url.slice(0, -1) },
      body: Buffer.alloc(sizeBytes, 'ab'),
    });
  const tooLarge = await post(5_000_000);
  expect([tooLarge.status, await tooLarge.text()]).toEqual([413, 'Files may have up to 0 MB here.']);
  expect((await post(10, '')).status).toBe(400);

  const ids: string[] = [];
  for (let index = 0; index < 3; index += 1) ids.push(((await (await post(1000)).json()) as { fileId: string }).fileId);
  const ada = await visit(url);
  const say = (fileId: string) =>
    ada.act({ do: 'postMessage', channelId: ada.welcome.channels[0]!.id, content: 'look', files: [{ fileId }] });
  await expect(say(ids[0]!)).rejects.toThrow('choose it again');
  const { messageId } = await say(ids[2]!);
  const { attachments } = await ada.see(({ id }) => id === messageId);
  expect(attachments[0]).toMatchObject({ filename: 'clip.mp4', size: 1000 });

  const address = new URL(attachments[0]!.url, url);
  const get = async (range: string) => {
    const response = await fetch(address, { headers: { range } });
    return [response.status, response.headers.get('content-range'), (await response.text()).length];
  };
  expect(await get('bytes=0-99')).toEqual([206, 'bytes 0-99/1000', 100]);
  expect(await get('bytes=-1')).toEqual([206, 'bytes 999-999/1000', 1]);
  expect(await get('bytes=1000-')).toEqual([416, 'bytes */1000', 0]);
  const etag = (await fetch(address)).headers.get('etag') ?? '';
  expect(etag).not.toBe('');
});

it('refuses what it does not understand, and goes on', async () => {
  const { url } = await serve();
  const ada = await visit(url);
  const odd = (action: object) => ada.act(action as Parameters<typeof ada.act>[0]);
  await expect(odd({ do: 'shutdown' })).rejects.toThrow('do:');
  await expect(odd({ do: 'react', messageId: 'x', emoji: '🎬' })).rejects.toThrow('messageId:');
  await expect(odd({ do: 'fault', fault: { name: 'upload-limit', bytes: -1 } })).rejects.toThrow('fault.bytes:');
  await expect(odd({ do: 'fault', fault: { name: 'kill-render-process' } })).rejects.toThrow('no render process');
  const channelId = ada.welcome.channels[0]!.id;
  const invoke = { do: 'invoke', channelId, command: 'animate', options: {}, files: {}, locale: 'en-US' } as const;
  await expect(ada.act(invoke)).rejects.toThrow('registered no command animate');
  await expect(ada.act({ ...invoke, channelId: '12345678901234567' })).rejects.toThrow('no such channel');
});

it('has room for so many pages and no more, and gives each newcomer a name', async () => {
  const { url } = await serve({ maxSockets: 2 });
  const [ada, bruno] = [await visit(url), await visit(url)];
  expect([ada, bruno].map(({ welcome }) => welcome.user.username)).toEqual(['owner', 'alice']);
  const socket = new WebSocket(`${url.replace('http:', 'ws:')}live`, { origin: url.slice(0, -1) });
  expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(closeCode.tooManyPeople);
  bruno.close();
  await bruno.closed;
  expect((await visit(url, { user: '12345678901234567' })).welcome.user.username).toBe('chika');
});

it('says which port is taken, or takes another where none was asked for', async () => {
  const { url } = await serve();
  const port = Number(new URL(url).port);
  const listenAt = { host: '127.0.0.1', port };
  await expect(serve({ listenAt: { ...listenAt, mustBePort: true } })).rejects.toThrow(`Port ${port} is taken`);
  const other = await serve({ listenAt: { ...listenAt, mustBePort: false } });
  expect(other.url).not.toBe(url);
  const unknown = { host: '203.0.113.1', port: 0, mustBePort: false };
  await expect(serve({ listenAt: unknown })).rejects.toThrow('cannot listen at 203.0.113.1');
});
