import { expect, it, onTestFinished } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import type { JobAccess } from '../../src/queue/job-access.ts';
import { createHttpAccess } from '../../src/remote/http-access.ts';
import { startJobServer } from '../../src/remote/job-server.ts';
import { chunkBytes, factsOf } from '../../src/remote/protocol.ts';
import { foregroundClock } from '../../src/util/clock.ts';
import type { Clip, RenderSpec } from '../../src/worker/types.ts';
import { stateOf } from '../../src/worker/variation-states.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { shownStates, stateOfNumber } from '../support/variations.ts';

const token = 'a-secret-of-the-test-0123456789';
const needs = { model: 'tiny', fingerprint: 'f', frames: '2', safety: 0, kinora: '1' };
const facts = { ...needs, provider: 'cpu', device: 'cpu', memoryGiB: 8 };
const picture = Buffer.alloc(3 * chunkBytes, 'picture');
const endPicture = Buffer.from('end');
const plain: RenderSpec = { picture, endPicture, settings: { seed: 7 }, fit: 'crop', maxBytes: 2.5 * chunkBytes };
const attempt = { jobId: 'job1', holder: 'remote bot one', number: 4 };

/** A bot with one job, and the way to it. */
async function setUp({
  fetch = globalThis.fetch,
  spec = plain,
}: {
  fetch?: typeof globalThis.fetch;
  spec?: RenderSpec;
} = {}) {
  const state = { isLost: false, claims: 0, checkpoint: undefined as Uint8Array | undefined, clips: [] as Clip[] };
  const access: JobAccess = {
    async claim(jobId) {
      state.claims++;
      if (jobId === 'broken') throw new InferenceError('picture-lost', 'It is not there.', { scope: 'job' });
      return jobId === 'job1' ? { attempt, leaseMs: 15_000, spec } : undefined;
    },
    heartbeat: async () => !state.isLost,
    async saveCheckpoint(_, bytes) {
      state.checkpoint = bytes;
    },
    async keepClip(_, clip) {
      state.clips.push(clip);
      return true;
    },
    giveBack: async () => {},
  };
  const log = createRecordingLog();
  const server = await startJobServer({
    listen: { host: '127.0.0.1', port: 0 },
    token,
    key: 'key',
    needs,
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

/** The same with a digest in place of each file: megabytes are compared in no time. */
async function digested(value: object): Promise<object> {
  const entries = Object.entries(value).map(async ([name, part]) => {
    return [name, part instanceof Uint8Array ? await factsOf(part) : part] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

const clipWith = (bytes: Uint8Array): Clip => ({ ...makeClip(plain), bytes });

it('a job goes out and its clip comes back, byte for byte', async () => {
  const { state, client } = await setUp();
  const work = await client.claim('job1', 'one');
  expect(work).toMatchObject({ attempt, leaseMs: 15_000 });
  expect(await digested(work!.spec)).toEqual(await digested(plain));
  await client.saveCheckpoint(attempt, Buffer.from('state'));
  expect(Buffer.from(state.checkpoint!).toString()).toBe('state');
  const clip = { ...clipWith(Buffer.alloc(2 * chunkBytes, 'clip')), master: Buffer.alloc(9, 'frames') };
  expect(await client.keepClip(attempt, clip)).toBe(true);
  expect(state.clips).toHaveLength(1);
  expect(await digested(state.clips[0]!)).toEqual(await digested(clip));
  expect(await client.claim('gone', 'one')).toBeUndefined();
  await expect(client.claim('broken', 'one')).rejects.toMatchObject({ code: 'picture-lost', scope: 'job' });
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

it('an answer that is lost on the way claims once, and a file goes on where its line broke', async () => {
  const cut = new Set<string>();
  const asked: string[] = [];
  const { state, client } = await setUp({
    async fetch(input, init) {
      const what = `${init?.method} ${new URL(String(input)).pathname}`;
      const range = new Headers(init?.headers).get('content-range');
      asked.push(`${what} ${range ?? ''}`);
      const response = await globalThis.fetch(input, init);
      const isSecondPiece = range?.startsWith(`bytes ${chunkBytes}-`) === true;
      if ((what.endsWith('/claim') || isSecondPiece) && !cut.has(what)) {
        cut.add(what);
        await response.arrayBuffer();
        throw new TypeError('the connection broke');
      }
      return response;
    },
  });
  await client.claim('job1', 'one');
  expect(state.claims).toBe(1);
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

it('an attempt that is over is refused everything, and a clip above its job’s limit too', async () => {
  const { state, client } = await setUp();
  await client.claim('job1', 'one');
  await expect(client.keepClip(attempt, clipWith(Buffer.alloc(3 * chunkBytes)))).rejects.toMatchObject({
    code: 'clip-oversized',
    scope: 'job',
  });
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

it('a digest is that of SHA-256', async () => {
  expect(await factsOf(Buffer.from('abc'))).toEqual({
    bytes: 3,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  });
});
