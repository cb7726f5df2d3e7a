import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BlobStore } from '../../src/remote/blob-store.ts';
import { openS3Store, partBytes } from '../../src/remote/s3-store.ts';
import { type FakeS3, fakeS3Address, s3Bucket, startFakeS3 } from '../support/fake-s3.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { freePort } from '../support/redis-server.ts';

async function openFake(): Promise<{ fake: FakeS3; store: BlobStore; log: ReturnType<typeof createRecordingLog> }> {
  const fake = await startFakeS3();
  const log = createRecordingLog();
  return { fake, log, store: await openS3Store(fakeS3Address(fake), log) };
}

/** As a worker does it, which has links alone. */
async function bring(store: BlobStore, key: string, bytes: Buffer): Promise<number> {
  const { parts } = await store.planUpload(key, bytes.byteLength);
  for (const { at, end, url } of parts) {
    const response = await fetch(url, { method: 'PUT', body: bytes.subarray(at, end) as Uint8Array<ArrayBuffer> });
    expect(response.status).toBe(200);
  }
  return parts.length;
}

/** What every store must do; the bucket holds nothing before. */
async function use(store: BlobStore): Promise<void> {
  await store.put('bot/job 1/2/picture', Buffer.from('the picture'));
  const link = await store.linkToGet('bot/job 1/2/picture');
  expect(await (await fetch(link)).text()).toBe('the picture');
  const rest = await fetch(link, { headers: { range: 'bytes=4-' } });
  expect([rest.status, await rest.text()]).toEqual([206, 'picture']);

  expect(await store.get('bot/job 1/2/none', 100)).toBeUndefined();
  expect(await store.get('bot/job 1/2/picture', 10)).toBeUndefined();
  expect(String(await store.get('bot/job 1/2/picture', 11))).toBe('the picture');

  const small = Buffer.from('a clip');
  expect(await bring(store, 'bot/job 1/2/clip', small)).toBe(1);
  expect(await store.planUpload('bot/job 1/2/clip', small.byteLength)).toEqual({ parts: [] });
  expect(String(await store.get('bot/job 1/2/clip', 100))).toBe('a clip');

  const large = Buffer.alloc(partBytes + 1000, 'frames');
  const { parts } = await store.planUpload('bot/job 1/2/master', large.byteLength);
  expect(parts.map(({ at, end }) => [at, end])).toEqual([
    [0, partBytes],
    [partBytes, large.byteLength],
  ]);
  // The second alone came: the first alone is asked for.
  const body = large.subarray(partBytes) as Uint8Array<ArrayBuffer>;
  expect((await fetch(parts[1]!.url, { method: 'PUT', body })).status).toBe(200);
  expect(await bring(store, 'bot/job 1/2/master', large)).toBe(1);
  expect(await store.planUpload('bot/job 1/2/master', large.byteLength)).toEqual({ parts: [] });
  expect(large.equals((await store.get('bot/job 1/2/master', large.byteLength))!)).toBe(true);

  await store.put('bot/job 2/1/picture', Buffer.from('another'));
  await store.planUpload('bot/job 1/2/master-2', large.byteLength);
  expect((await store.list('bot/')).sort()).toEqual([
    'bot/job 1/2/clip',
    'bot/job 1/2/master',
    'bot/job 1/2/picture',
    'bot/job 2/1/picture',
  ]);
  await store.remove('bot/job 1/', (key) => key.endsWith('/clip'));
  expect((await store.list('')).sort()).toEqual(['bot/job 1/2/clip', 'bot/job 2/1/picture']);
  await store.remove('bot/');
  expect(await store.list('')).toEqual([]);
}

describe('a store that speaks S3', () => {
  it('holds objects, takes uploads by links, also in parts, and deletes what begins so', async () => {
    const { fake, store } = await openFake();
    await use(store);
    expect([fake.objects.size, fake.uploads.size]).toEqual([0, 0]);
    expect(fake.asked.every((what) => /^\w+ (kinora\/.*)?$/.test(what))).toBe(true);
  });

  it('a link is good for its object, its size and its minutes alone', async () => {
    const { fake, store } = await openFake();
    const { parts } = await store.planUpload('bot/a', 6);
    const { url } = parts[0]!;
    const status = async (link: string, body: string) => (await fetch(link, { method: 'PUT', body })).status;
    expect(await status(url, 'longer than said')).toBe(403);
    expect(await status(url.replace('bot/a', 'bot/b'), 'a clip')).toBe(403);
    expect((await fetch(url)).status).toBe(403);
    fake.aheadMs = 601_000;
    expect(await status(url, 'a clip')).toBe(403);
    fake.aheadMs = 0;
    expect(fake.objects.size).toBe(0);
    expect(await status(url, 'a clip')).toBe(200);
  });

  it('one that is away is told of once, and so is its return', async () => {
    const { fake, store, log } = await openFake();
    fake.isDown = true;
    for (const work of [() => store.put('a', Buffer.from('a')), () => store.list('')]) {
      await expect(work()).rejects.toMatchObject({ code: 'blob-store', scope: 'transient' });
    }
    fake.isDown = false;
    await store.put('a', Buffer.from('a'));
    expect(log.events.map(({ level }) => level)).toEqual(['warn', 'info']);
  });
});

/** Of PyPI's moto: `python3 -m venv .venv && .venv/bin/pip install 'moto[s3]' flask flask-cors`, as .ci/run does it. */
const motoServer = '.venv/bin/moto_server';

describe.skipIf(!existsSync(motoServer))(`moto, which others wrote (skipped where there is no ${motoServer})`, () => {
  it('does all that is asked of a store', { timeout: 30_000 }, async () => {
    const port = await freePort();
    const server = spawn(motoServer, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    onTestFinished(() => void server.kill('SIGKILL'));
    const endpoint = `http://127.0.0.1:${port}`;
    await expect
      .poll(
        () =>
          fetch(endpoint).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 20_000 },
      )
      .toBe(200);
    await fetch(`${endpoint}/${s3Bucket}`, { method: 'PUT' });
    await use(await openS3Store(fakeS3Address({ url: endpoint }), createRecordingLog()));
  });
});
