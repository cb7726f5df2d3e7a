import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import type { JobAccess } from '../../src/queue/job-access.ts';
import { createBlobFiles } from '../../src/remote/blob-files.ts';
import { createHttpAccess } from '../../src/remote/http-access.ts';
import { createDirectFiles, type JobFiles } from '../../src/remote/job-files.ts';
import { startJobServer } from '../../src/remote/job-server.ts';
import { createPartFiles } from '../../src/remote/part-files.ts';
import { chunkBytes, factsOf } from '../../src/remote/protocol.ts';
import { openS3Store } from '../../src/remote/s3-store.ts';
import { type Clock, foregroundClock } from '../../src/util/clock.ts';
import type { Clip, RenderSpec } from '../../src/worker/types.ts';
import { stateOf } from '../../src/worker/variation-states.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { fakeS3Address, s3Credentials, startFakeS3 } from '../support/fake-s3.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { shownStates, stateOfNumber } from '../support/variations.ts';

const token = 'a-secret-of-the-test-0123456789';
const needs = {
  model: 'tiny',
  fingerprint: 'f',
  frames: '2',
  safety: 0,
  styles: ['ink@0123456789abcdef'],
  kinora: '1',
};
const facts = { ...needs, provider: 'cpu', device: 'cpu', memoryGiB: 8 };
const picture = Buffer.from('picture');
const endPicture = Buffer.from('end');
const plain: RenderSpec = { picture, endPicture, settings: { seed: 7 }, fit: 'crop', maxBytes: 2.5 * chunkBytes };
/** One whose picture takes a while. */
const large: RenderSpec = { ...plain, picture: Buffer.alloc(3 * chunkBytes, 'picture') };
const attempt = { jobId: 'job1', holder: 'remote bot one', number: 4 };

/** A bot with one job, and the way to it. */
async function setUp({
  fetch = globalThis.fetch,
  files = directFiles(),
  spec = plain,
}: {
  fetch?: typeof globalThis.fetch;
  files?: JobFiles;
  spec?: RenderSpec;
} = {}) {
  const state = {
    isLost: false,
    claims: 0,
    checkpoint: undefined as Uint8Array | undefined,
    clips: [] as Clip[],
    previews: [] as string[],
    givenBack: [] as object[],
  };
  const access: JobAccess = {
    async claim(jobId) {
      state.claims++;
      if (jobId === 'broken') throw new InferenceError('picture-lost', 'It is not there.', { scope: 'job' });
      return jobId === 'job1' ? { attempt, leaseMs: 15_000, spec, wantsPreview: true } : undefined;
    },
    heartbeat: async () => !state.isLost,
    async saveCheckpoint(_, bytes) {
      state.checkpoint = bytes;
    },
    async keepClip(_, clip) {
      state.clips.push(clip);
      return true;
    },
    async showPreview({ number }, bytes) {
      state.previews.push(`${number} ${Buffer.from(bytes)}`);
    },
    async giveBack(given) {
      state.givenBack.push(given);
    },
  };
  const log = createRecordingLog();
  const server = await startJobServer({
    listen: { host: '127.0.0.1', port: 0 },
    token,
    key: 'key',
    needs,
    files,
    clock: foregroundClock,
    log,
  });
  onTestFinished(server.close);
  server.open({ access, specOf: async () => spec });
  const url = `http://127.0.0.1:${server.address.port}`;
  const signal = AbortSignal.timeout(60_000);
  const common = { url, signal, clock: foregroundClock, log, fetch };
  const client = createHttpAccess({ ...common, token, facts });
  return { state, url, client, common };
}

function directFiles(): JobFiles {
  return createDirectFiles(createPartFiles({ folder: join(tempFolder(), 'incoming'), clock: foregroundClock }));
}

/** Files that go over a store. */
async function blobFiles(clock: Clock = foregroundClock) {
  const fake = await startFakeS3();
  const running = new Set<string>();
  const files = createBlobFiles({
    store: await openS3Store(fakeS3Address(fake), createRecordingLog()),
    folder: 'bot',
    isRunning: async (jobId) => running.has(jobId),
    clock,
    log: createRecordingLog(),
  });
  onTestFinished(files.close);
  return { fake, files, running };
}

/** The same with a digest in place of each file: megabytes are compared in no time. */
async function digested(value: object): Promise<object> {
  const entries = Object.entries(value).map(async ([name, part]) => {
    return [name, part instanceof Uint8Array ? await factsOf(part) : part] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** A busy machine is slow. */
const patience = { timeout: 30_000 };

const clipWith = (bytes: Uint8Array): Clip => ({ ...makeClip(plain), bytes });

describe.each(['the bot', 'a store'])('files that go over %s', (way) => {
  const set = async (spec = plain) => {
    const blobs = way === 'a store' ? await blobFiles() : undefined;
    return { blobs, ...(await setUp({ spec, ...(blobs && { files: blobs.files }) })) };
  };

  it('a job goes out and its clip comes back, byte for byte', async () => {
    const { state, client, blobs } = await set(large);
    const work = await client.claim('job1', 'one');
    expect(work).toMatchObject({ attempt, leaseMs: 15_000, wantsPreview: true });
    expect(await digested(work!.spec)).toEqual(await digested(large));
    await client.saveCheckpoint(attempt, Buffer.from('state'));
    expect(Buffer.from(state.checkpoint!).toString()).toBe('state');
    const clip = {
      ...clipWith(Buffer.alloc(2 * chunkBytes, 'clip')),
      master: Buffer.alloc(2.5 * chunkBytes, 'frames'),
    };
    expect(await client.keepClip(attempt, clip)).toBe(true);
    expect(state.clips).toHaveLength(1);
    expect(await digested(state.clips[0]!)).toEqual(await digested(clip));
    // The clip is stored: nothing of the job is left on the way.
    await blobs?.files.close();
    expect([...(blobs?.fake.objects.keys() ?? [])]).toEqual([]);
    expect(await client.claim('gone', 'one')).toBeUndefined();
    await expect(client.claim('broken', 'one')).rejects.toMatchObject({ code: 'picture-lost', scope: 'job' });
  });

  it('a clip above its job’s limit is refused before it is sent, and nobody waits for it', async () => {
    const { client, state, blobs } = await set();
    await client.claim('job1', 'one');
    const clip = clipWith(Buffer.alloc(3 * chunkBytes));
    await expect(client.keepClip(attempt, clip)).rejects.toMatchObject({ code: 'clip-oversized', scope: 'job' });
    expect([state.clips, [...(blobs?.fake.objects.keys() ?? [])].filter((key) => key.includes('clip'))]).toEqual([
      [],
      [],
    ]);
  });

  it('what arrived damaged is sent again', async () => {
    let isDamaged = false;
    const blobs = way === 'a store' ? await blobFiles() : undefined;
    const { state, client } = await setUp({
      ...(blobs && { files: blobs.files }),
      async fetch(input, init) {
        const isPiece = init?.method === 'PUT' && !isDamaged;
        isDamaged ||= isPiece;
        const body = isPiece && Buffer.alloc(Buffer.from(init.body as unknown as Uint8Array).byteLength);
        return globalThis.fetch(input, body ? { ...init, body } : init);
      },
    });
    await client.claim('job1', 'one');
    const clip = clipWith(Buffer.from('a clip'));
    expect(await client.keepClip(attempt, clip)).toBe(true);
    expect(Buffer.from(state.clips[0]!.bytes).toString()).toBe('a clip');
  });
});

describe('files that go over a store', () => {
  it('the worker is given links, and no words that open the store', async () => {
    const said: string[] = [];
    const blobs = await blobFiles();
    const { client } = await setUp({
      files: blobs.files,
      async fetch(input, init) {
        const response = await globalThis.fetch(input, init);
        const isLink = String(input).startsWith(blobs.fake.url);
        if (isLink) expect(new Headers(init?.headers).has('authorization')).toBe(false);
        else said.push(JSON.stringify([...response.headers]), await response.clone().text());
        return response;
      },
    });
    await client.claim('job1', 'one');
    await client.keepClip(attempt, clipWith(Buffer.from('a clip')));
    expect(said.join()).toContain('X-Amz-Signature');
    expect(said.join()).not.toContain(s3Credentials.secretAccessKey);
  });

  it('a store that is away is waited for, and a part whose line broke alone is sent again', async () => {
    const blobs = await blobFiles();
    const { state, client } = await setUp({ files: blobs.files });
    blobs.fake.isDown = true;
    const claiming = client.claim('job1', 'one');
    await expect.poll(() => blobs.fake.asked.length, patience).toBeGreaterThan(2);
    blobs.fake.isDown = false;
    expect(await claiming).toMatchObject({ attempt });
    let cuts = 0;
    blobs.fake.cut = ({ query }) => query.get('partNumber') === '2' && cuts++ === 0;
    const clip = { ...clipWith(Buffer.from('a clip')), master: Buffer.alloc(9 * chunkBytes, 'frames') };
    blobs.fake.asked.length = 0;
    expect(await client.keepClip(attempt, clip)).toBe(true);
    expect(await digested(state.clips[0]!)).toEqual(await digested(clip));
    expect(cuts).toBe(2);
    expect(blobs.fake.asked.filter((what) => /^PUT .*master/.test(what))).toHaveLength(3);
  });

  it('what a worker leaves that dies, and what a process before this one left, is deleted', async () => {
    const clock = createFakeClock();
    const { fake, files, running } = await blobFiles(clock);
    for (const key of ['bot/old/1/picture', 'bot/going/3/picture', 'other/job/1/picture']) {
      fake.objects.set(`kinora/${key}`, Buffer.from('picture'));
    }
    fake.uploads.set('begun', { key: 'kinora/bot/old/1/master', parts: new Map() });
    running.add('going').add('job1');
    files.start();
    const keys = () => [...fake.objects.keys()].sort();
    await expect.poll(keys, patience).toEqual(['kinora/bot/going/3/picture', 'kinora/other/job/1/picture']);
    await expect.poll(() => fake.uploads.size, patience).toBe(0);
    const { client } = await setUp({ files });
    await client.claim('job1', 'one');
    expect(keys()).toContain('kinora/bot/job1/4/picture');
    await clock.advance(15_000);
    expect(keys()).toContain('kinora/bot/job1/4/picture');
    running.delete('job1');
    await expect
      .poll(async () => {
        await clock.advance(15_000);
        return keys();
      }, patience)
      .toEqual(['kinora/bot/going/3/picture', 'kinora/other/job/1/picture']);
  });
});

it('a preview goes to the bot, which refuses one that is too large', async () => {
  const { state, client } = await setUp();
  await client.claim('job1', 'one');
  await client.showPreview(attempt, Buffer.from('guess'));
  expect(state.previews).toEqual(['4 guess']);
  await expect(client.showPreview(attempt, Buffer.alloc(150_001))).rejects.toThrow();
  expect(state.previews).toHaveLength(1);
});

it('variations go out, and their sheet comes back with how far each has come; a pick gets its state along', async () => {
  const variations: RenderSpec = { ...plain, form: { variations: 2 }, keepMaster: true };
  const { state, client } = await setUp({ spec: variations });
  expect((await client.claim('job1', 'one'))?.spec).toMatchObject({ form: { variations: 2 }, keepMaster: true });
  const sheet: Clip = {
    ...makeClip(variations, { master: shownStates(2) }),
    form: { variations: 2, loop: 'none', smooth: false, format: 'webp' },
  };
  expect(await client.keepClip(attempt, sheet)).toBe(true);
  expect(await digested(state.clips[0]!)).toEqual(await digested(sheet));
  const checkpoint = stateOf(state.clips[0]!.master!, 2)!;
  const pick = await setUp({ spec: { ...plain, checkpoint } });
  expect((await pick.client.claim('job1', 'one'))?.spec.checkpoint).toEqual(stateOfNumber(2));
});

/** An answer whose line breaks after so many bytes. */
async function brokenAfter(response: Response, bytes: number): Promise<Response> {
  const sent = new Uint8Array(await response.arrayBuffer()).subarray(0, bytes);
  let isSent = false;
  const body = new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new TypeError('the connection broke'));
      else controller.enqueue(sent);
      isSent = true;
    },
  });
  return new Response(body, response);
}

it('an answer that is lost on the way claims once, and a file goes on where its line broke, either way', async () => {
  const cut = new Set<string>();
  const asked: string[] = [];
  const ranges: (string | null)[] = [];
  const { state, client } = await setUp({
    spec: large,
    async fetch(input, init) {
      const what = `${init?.method} ${new URL(String(input)).pathname}`;
      const range = new Headers(init?.headers).get('content-range');
      asked.push(`${what} ${range ?? ''}`);
      const response = await globalThis.fetch(input, init);
      if (what === 'GET /blobs/job1/picture') {
        ranges.push(new Headers(init?.headers).get('range'));
        if (ranges.length === 1) return brokenAfter(response, 1.5 * chunkBytes);
      }
      const isSecondPiece = range?.startsWith(`bytes ${chunkBytes}-`) === true;
      if ((what.endsWith('/claim') || isSecondPiece) && !cut.has(what)) {
        cut.add(what);
        await response.arrayBuffer();
        throw new TypeError('the connection broke');
      }
      return response;
    },
  });
  const work = await client.claim('job1', 'one');
  expect(state.claims).toBe(1);
  expect(ranges).toEqual([null, `bytes=${1.5 * chunkBytes}-`]);
  expect(await digested(work!.spec)).toEqual(await digested(large));
  const clip = clipWith(Buffer.alloc(2.5 * chunkBytes, 'clip'));
  expect(await client.keepClip(attempt, clip)).toBe(true);
  expect(state.clips).toHaveLength(1);
  expect(await digested(state.clips[0]!)).toEqual(await digested(clip));
  expect(asked.filter((what) => what.startsWith('PUT'))).toHaveLength(3);
});

it('who has no token, or a ticket that was made up or is another job’s, gets nothing', async () => {
  const { url, client, common } = await setUp();
  const stranger = createHttpAccess({ ...common, token: 'another-secret-0123456789', facts });
  await expect(stranger.claim('job1', 'one')).rejects.toMatchObject({ code: 'worker-token' });
  await client.claim('job1', 'one');
  const payload = { job: 'job1', holder: 'h', fence: 4, untilMs: Date.now() + 9e9, limits: {} };
  const forged = `${Buffer.from(JSON.stringify(payload)).toString('base64url')}.${Buffer.alloc(32).toString('base64url')}`;
  for (const secret of [forged, token, '']) {
    for (const [path, method] of [
      ['/jobs/job1/heartbeat', 'POST'],
      ['/blobs/job1/picture', 'GET'],
      ['/blobs/job1/clip', 'PUT'],
    ]) {
      const headers = { authorization: `Bearer ${secret}` };
      expect((await fetch(`${url}${path}`, { method: method!, headers })).status).toBe(401);
    }
  }
});

it('an attempt that is over is refused everything', async () => {
  const { state, client } = await setUp();
  await client.claim('job1', 'one');
  state.isLost = true;
  expect(await client.heartbeat(attempt)).toBe(false);
  expect(await client.keepClip(attempt, clipWith(Buffer.from('late')))).toBe(false);
  await expect(client.saveCheckpoint(attempt, Buffer.from('late'))).rejects.toThrow();
  expect([state.clips, state.checkpoint]).toEqual([[], undefined]);
});

it('a worker that would make other frames is refused, with the reason', async () => {
  const { state, common } = await setUp();
  for (const [change, reason] of [
    [{ frames: '1' }, /install the same version/],
    [{ fingerprint: 'other' }, /copy MODEL_DIR and LORAS/],
    [{ safety: 0.7 }, /NSFW_MODEL_DIR/],
  ] as const) {
    const other = createHttpAccess({ ...common, token, facts: { ...facts, ...change } });
    expect(await other.askFit()).toMatch(reason);
    await expect(other.claim('job1', 'one')).rejects.toMatchObject({ code: 'worker-unfit', scope: 'host' });
  }
  expect(state.claims).toBe(0);
});

it('a worker without a style fits, and is given every job but those in that very style', async () => {
  const styled = (style: string): RenderSpec => ({ ...plain, endPicture: picture, form: { style } });
  for (const styles of [[], ['ink@fedcba9876543210']]) {
    const lacking = { ...facts, styles };
    const any = await setUp();
    const client = createHttpAccess({ ...any.common, token, facts: lacking });
    expect(await client.askFit()).toBeUndefined();
    expect(await client.claim('job1', 'one')).toBeDefined();
    const inInk = await setUp({ spec: styled(needs.styles[0]!) });
    const other = createHttpAccess({ ...inInk.common, token, facts: lacking });
    expect(await other.claim('job1', 'one')).toBeUndefined();
    expect(inInk.state.givenBack).toEqual([attempt]);
    // One that the bot has no more is refused where it is rendered, with the reason for its requester.
    const gone = await setUp({ spec: styled('gone@0123456789abcdef') });
    expect(await createHttpAccess({ ...gone.common, token, facts: lacking }).claim('job1', 'one')).toBeDefined();
  }
});

it('a digest is that of SHA-256', async () => {
  expect(await factsOf(Buffer.from('abc'))).toEqual({
    bytes: 3,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  });
});
