import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import sharp from 'sharp';
import { afterAll, afterEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { JobCancelledError, UserError } from '../../src/errors.ts';
import type { RenderProgress, RenderSpec } from '../../src/worker/types.ts';
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from '../../src/worker/worker-pool.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { programFile } from '../support/program-file.ts';
import { deafWords, type Script, scripted } from './fixtures/fake-tools.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const open: WorkerPool[] = [];

function rendererOf(options: Partial<WorkerPoolOptions> = {}): WorkerPool {
  const renderer = createWorkerPool({
    modelDir: 'none',
    execution: { provider: 'cpu' },
    idleSeconds: 600,
    environment: process.env,
    log: quiet,
    entry: fixture('fake-child.ts'),
    ...options,
  });
  open.push(renderer);
  return renderer;
}

function fixture(name: string): URL {
  return new URL(`./fixtures/${name}`, import.meta.url);
}

function specOf(script: Script = {}): RenderSpec {
  return { picture: scripted(script), settings: { seed: 7 }, fit: 'crop' };
}

/** The id of the living render process. */
function pidOf(renderer: WorkerPool): number {
  const { pid } = renderer;
  if (pid === undefined) throw new Error('There is no render process.');
  return pid;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What this process holds after the garbage was collected, buffers included. */
async function heldBytes(): Promise<number> {
  // Twice: buffers are given back by the collection after the one that found them unused.
  await collectGarbage();
  await collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The longest that the caller's event loop may stand still, in milliseconds. */
const gapLimitMs = 100;

/**
 * The largest gap of this process's event loop while `work` goes on, in milliseconds, without what it waited for a
 * processor: that says how busy the machine is, not how busy the loop.
 */
async function largestGapMs(work: () => Promise<unknown>): Promise<number> {
  let largest = 0;
  let last = unhinderedMs();
  const look = () => {
    const now = unhinderedMs();
    largest = Math.max(largest, now - last);
    last = now;
  };
  const looking = setInterval(look, 5);
  await work();
  look();
  clearInterval(looking);
  return largest;
}

/** The time without what was waited for a processor; read anew where the thread was set aside between the two. */
function unhinderedMs(): number {
  for (;;) {
    const waited = waitedMs();
    const now = performance.now();
    if (waitedMs() === waited) return now - waited;
  }
}

/** How long the main thread stood ready for a processor so far; 0 where the system does not tell. */
function waitedMs(): number {
  const file = `/proc/self/task/${process.pid}/schedstat`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[1]) / 1e6 : 0;
}

/** What the shared renderer warned of. */
const warnings: string[] = [];
const secrets = { DISCORD_TOKEN: 'very.secret.token', AWS_SECRET_ACCESS_KEY: 'also-secret' };

/** One process for all tests that leave it as they found it: starting one takes a second. Nobody here is out of patience. */
const shared = rendererOf({
  graceMs: 60_000,
  environment: { ...process.env, ...secrets },
  log: { ...quiet, warn: (_, message) => warnings.push(message) },
});
/**
 * The process of this one is lost or ended in most of the tests that use it, and the next uses the one after it: their order
 * matters, since the first finds no process, and the last closes it.
 */
let onDeaf = () => {};
const mortalClock = createFakeClock();
const mortal = rendererOf({
  clock: mortalClock,
  graceMs: 5000,
  idleSeconds: 300,
  checkpointSeconds: 0,
  log: { ...quiet, debug: (_, message) => message.includes(deafWords) && onDeaf() },
});
open.length = 0;

afterEach(async () => {
  await Promise.all(open.splice(0).map((renderer) => renderer.close()));
});
afterAll(() => Promise.all([shared.close(), mortal.close()]));

describe('createRenderer', () => {
  it('makes a clip, tells of every step in order, and keeps the process for the next', async () => {
    const renderer = shared;
    const progress: RenderProgress[] = [];
    const clip = await renderer.render(specOf(), { onProgress: (news) => progress.push(news) });
    expect(clip).toMatchObject({
      width: 384,
      height: 288,
      upscaleFactor: 6,
      fit: 'crop',
      model: 'fake',
      provider: 'cpu',
    });
    expect(clip.settings).toMatchObject({ seed: 7, width: 64, height: 48 });
    expect(clip.bytes).toEqual(new Uint8Array([1, 2, 3]));
    expect(progress.map(({ stage, step, steps }) => `${stage} ${step}/${steps}`)).toEqual([
      'prepare 0/1', // the picture
      'prepare 0/1',
      'prepare 1/1',
      'encode-image 0/1',
      'encode-image 1/1',
      ...['denoise 0/3', 'denoise 1/3', 'denoise 2/3', 'denoise 3/3'],
      'decode 0/1',
      'decode 1/1',
      'encode-video 0/1',
      'encode-video 1/1',
    ]);
    const pid = pidOf(renderer);
    await renderer.render(specOf());
    expect(renderer.pid).toBe(pid);
  });

  it('keeps nothing of clips and checkpoints that were handed over: 50 of half a MiB each, one process', async () => {
    const spec = specOf({ clipBytes: 0.5 * 2 ** 20, checkpointBytes: 0.25 * 2 ** 20 });
    // What a process keeps for good, such as its code, it has after a few.
    for (let made = 0; made < 20; made++) await shared.render(spec);
    const pid = pidOf(shared);
    const before = await heldBytes();
    let checkpointBytes = 0;
    const onCheckpoint = (bytes: Uint8Array) => {
      checkpointBytes += bytes.byteLength;
    };
    for (let made = 0; made < 50; made++) {
      const { signal } = new AbortController();
      const { bytes } = await shared.render(spec, { signal, onCheckpoint, onProgress: () => {} });
      expect(bytes.byteLength).toBe(0.5 * 2 ** 20);
    }
    expect(checkpointBytes).toBe(50 * 3 * 0.25 * 2 ** 20);
    // 60 KiB for each. A process that keeps nothing was seen to hold 0.5 to 0.8 MiB more, whatever is made.
    expect((await heldBytes()) - before).toBeLessThan(3 * 2 ** 20);
    expect(shared.pid).toBe(pid);
  });

  it('hands over each checkpoint before the news of its step, and whole', async () => {
    const heard: string[] = [];
    await shared.render(specOf({ checkpointBytes: 4 * 2 ** 20, blockMs: 20 }), {
      onCheckpoint: (bytes) => heard.push(`state ${bytes[0]} ${bytes.at(-1)} ${bytes.byteLength}`),
      onProgress: ({ stage, step }) => stage === 'denoise' && heard.push(`step ${step}`),
    });
    const state = (step: number) => [`state ${step} ${step} ${4 * 2 ** 20}`, `step ${step}`];
    expect(heard).toEqual(['step 0', ...state(1), ...state(2), ...state(3)]);
  });

  it('lets neither a job nor its process suffer from a listener that fails', async () => {
    warnings.length = 0;
    const fail = () => {
      throw new Error('the store is full');
    };
    const clip = await shared.render(specOf({ checkpointBytes: 8 }), { onCheckpoint: fail, onProgress: fail });
    expect(clip.model).toBe('fake');
    expect(warnings).toContain('news of a render could not be passed on');
    expect(shared.pid).toBeDefined();
  });

  it('lets a second job wait its turn', async () => {
    const renderer = shared;
    const order: string[] = [];
    const jobs = ['first', 'second'].map((name) =>
      renderer.render(specOf({ blockMs: 5 }), { onProgress: () => order.push(name) }),
    );
    await Promise.all(jobs);
    expect(order.lastIndexOf('first')).toBeLessThan(order.indexOf('second'));
  });

  it('takes a waiting job away at once', async () => {
    const renderer = shared;
    const waiting = new AbortController();
    const first = renderer.render(specOf({ blockMs: 20 }));
    const second = renderer.render(specOf(), { signal: waiting.signal });
    waiting.abort();
    await expect(second).rejects.toThrow(JobCancelledError);
    await expect(first).resolves.toMatchObject({ model: 'fake' });
  });

  it('cancels between steps and keeps the process', async () => {
    const renderer = shared;
    const stop = new AbortController();
    const seen: string[] = [];
    // So many steps that the wish to stop comes long before the last.
    const spec = specOf({ blockMs: 20 });
    const job = renderer.render(
      { ...spec, settings: { ...spec.settings, numInferenceSteps: 100 } },
      {
        signal: stop.signal,
        onProgress({ stage, step }) {
          seen.push(`${stage} ${step}`);
          if (stage === 'denoise' && step === 1) stop.abort(new JobCancelledError('Enough.'));
        },
      },
    );
    await expect(job).rejects.toThrow('Enough.');
    expect(seen).not.toContain('denoise 100');
    const pid = pidOf(renderer);
    await renderer.render(specOf());
    expect(renderer.pid).toBe(pid);
  });

  it.each(['prepare 0', 'encode-image 0', 'denoise 0', 'denoise 2', 'decode 0', 'encode-video 0'])(
    'cancels a job at %s within one step and uses the process again',
    async (at) => {
      await shared.render(specOf());
      const pid = pidOf(shared);
      const stop = new AbortController();
      const after: string[] = [];
      const job = shared.render(specOf({ blockMs: 100 }), {
        signal: stop.signal,
        onProgress({ stage, step }) {
          if (stop.signal.aborted) after.push(`${stage} ${step}`);
          if (`${stage} ${step}` === at) stop.abort();
        },
      });
      await expect(job).rejects.toThrow(JobCancelledError);
      // Besides what was on its way: at most the step that had begun.
      expect(after.length).toBeLessThanOrEqual(at === 'prepare 0' ? 3 : 1);
      await expect(shared.render(specOf())).resolves.toMatchObject({ model: 'fake' });
      expect(shared.pid).toBe(pid);
    },
  );

  it('uses a process that becomes ready within the grace after a job was cancelled at its start', async () => {
    const stop = new AbortController();
    const first = mortal.render(specOf(), { signal: stop.signal });
    const second = mortal.render(specOf());
    setImmediate(() => stop.abort());
    await expect(first).rejects.toThrow(JobCancelledError);
    await expect(second).resolves.toMatchObject({ model: 'fake' });
  });

  it('makes no checkpoints where they are switched off', async () => {
    let count = 0;
    await mortal.render(specOf({ checkpointBytes: 8 }), { onCheckpoint: () => count++ });
    expect(count).toBe(0);
  });

  it('kills a job that does not stop within the grace; the next one gets a new process', async () => {
    const stop = new AbortController();
    const stopped = once(stop.signal, 'abort');
    onDeaf = () => stop.abort();
    let pid = 0;
    const job = mortal.render(specOf({ isDeaf: true }), {
      signal: stop.signal,
      onProgress() {
        pid = pidOf(mortal);
      },
    });
    // It may reject while the clock is still being moved.
    job.catch(() => {});
    await stopped;
    await mortalClock.advance(4999);
    expect(exists(pid)).toBe(true);
    await mortalClock.advance(1);
    await expect(job).rejects.toThrow(JobCancelledError);
    expect(exists(pid)).toBe(false);
    await mortal.render(specOf());
    expect(mortal.pid).not.toBe(pid);
  });

  it('fails the job whose process is killed, and only that one', async () => {
    let pid = 0;
    const job = mortal.render(specOf({ blockMs: 50 }), {
      onProgress({ stage, step }) {
        if (stage !== 'denoise' || step !== 1) return;
        pid = pidOf(mortal);
        process.kill(pid, 'SIGKILL');
      },
    });
    const next = mortal.render(specOf());
    await expect(job).rejects.toMatchObject({ name: 'InferenceError', code: 'render-process-died' });
    await expect(job).rejects.toThrow(/SIGKILL.*memory/);
    await expect(next).resolves.toMatchObject({ model: 'fake' });
    expect(mortal.pid).not.toBe(pid);
  });

  it('ends the process after an idle time, and starts another for the next job', async () => {
    await mortal.render(specOf());
    const pid = pidOf(mortal);
    await mortalClock.advance(299_999);
    expect(mortal.pid).toBe(pid);
    await mortalClock.advance(1);
    await mortal.render(specOf());
    expect(exists(pid)).toBe(false);
    expect(mortal.pid).not.toBe(pid);
  });

  it('ends everything on close, a running job included', async () => {
    let pid = 0;
    let closed: Promise<void> | undefined;
    const job = mortal.render(specOf({ blockMs: 20 }), {
      onProgress() {
        pid = pidOf(mortal);
        closed ??= mortal.close();
      },
    });
    const waiting = mortal.render(specOf());
    await expect(waiting).rejects.toThrow(JobCancelledError);
    await expect(job).rejects.toThrow(JobCancelledError);
    await closed;
    expect(exists(pid)).toBe(false);
    await expect(mortal.render(specOf())).rejects.toThrow(JobCancelledError);
  });

  it('can be cancelled while the process starts', async () => {
    const renderer = rendererOf({ entry: fixture('mute-child.ts'), graceMs: 50 });
    await expect(renderer.render(specOf(), { signal: AbortSignal.timeout(50) })).rejects.toThrow(JobCancelledError);
  });

  it('tells what a process wrote before it died at the start', async () => {
    const renderer = rendererOf({ entry: fixture('not-there.ts') });
    const error: unknown = await renderer.render(specOf()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'render-process-start',
      scope: 'host',
      cause: { code: 'render-process-died' },
    });
    expect(String((error as { cause: { cause: unknown } }).cause.cause)).toContain('not-there.ts');
  });

  it('does not believe a process that says what it may not', async () => {
    const renderer = rendererOf({ entry: fixture('babbling-child.ts') });
    const job = renderer.render(specOf());
    await expect(job).rejects.toMatchObject({ code: 'render-process-died', cause: { name: 'ZodError' } });
  });

  it('lets errors keep their class, code, details and causes', async () => {
    const error: unknown = await shared
      .render(specOf({ refuse: 'picture-unsupported' }))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      code: 'picture-unsupported',
      message: 'This picture is refused.',
      details: { found: 'PDF', limit: 3 },
      cause: { message: 'the decoder said no' },
    });
  });

  it.runIf(existsSync('/proc/self/environ'))('keeps the token and other secrets out of the process', async () => {
    await shared.render(specOf());
    const variables = readFileSync(`/proc/${pidOf(shared)}/environ`, 'utf8').split('\0');
    for (const secret of Object.values(secrets)) expect(variables.join()).not.toContain(secret);
    expect(variables.join()).not.toMatch(/DISCORD|AWS/);
    expect(variables).toEqual(
      expect.arrayContaining(['VIPS_BLOCK_UNTRUSTED=1', 'VIPS_CONCURRENCY=1', 'MALLOC_ARENA_MAX=2']),
    );
  });

  it("leaves the caller's event loop free during a real render", async () => {
    const renderer = createWorkerPool({
      modelDir: inject('tinyModel'),
      execution: { provider: 'cpu', threads: 1 },
      idleSeconds: 600,
      environment: process.env,
      log: quiet,
    });
    open.push(renderer);
    const picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    const spec = {
      picture,
      settings: { width: 64, height: 48, numFrames: 2, numInferenceSteps: 10 },
      fit: 'crop',
    } as const;
    await renderer.render(spec);
    // A loop that renders is active throughout.
    const before = performance.eventLoopUtilization();
    expect(await largestGapMs(() => renderer.render(spec))).toBeLessThan(gapLimitMs);
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  });

  it("leaves the caller's event loop free while steps hold the process's own", async () => {
    await shared.render(specOf());
    const before = performance.eventLoopUtilization();
    expect(await largestGapMs(() => shared.render(specOf({ blockMs: 150 })))).toBeLessThan(gapLimitMs);
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  });

  it('dies with its parent, even in the middle of a step', async () => {
    const parent = spawn(process.execPath, [programFile('test/worker/fixtures/parent.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.setEncoding('utf8').on('data', (text: string) => resolve(Number.parseInt(text, 10)));
    });
    expect(exists(pid)).toBe(true);
    parent.kill('SIGKILL');
    await vi.waitUntil(() => !exists(pid), { timeout: 100_000, interval: 50 });
  });
});
