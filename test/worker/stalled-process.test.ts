import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import { type Metrics, noMetrics } from '../../src/util/metrics.ts';
import type { RenderOptions, RenderProgress } from '../../src/worker/types.ts';
import { createWorkerPool, type WorkerPoolOptions } from '../../src/worker/worker-pool.ts';
import { createFakeClock, type FakeClock, settle } from '../support/fake-clock.ts';
import { type Script, scripted } from './fixtures/fake-tools.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A renderer on a clock that is moved by hand, with a fake child unless another is named. */
function setUp(entry = 'fake-child.ts', options: Partial<WorkerPoolOptions> = {}) {
  const clock = createFakeClock();
  const renderer = createWorkerPool({
    modelDir: 'none',
    execution: { provider: 'cpu' },
    idleSeconds: 600,
    environment: process.env,
    log: quiet,
    clock,
    entry: new URL(`./fixtures/${entry}`, import.meta.url),
    ...options,
  });
  onTestFinished(async () => {
    renderer.killProcess();
    await renderer.close();
  });
  const render = (script: Script, renderOptions: RenderOptions = {}) =>
    renderer.render({ picture: scripted(script), settings: { seed: 7 }, fit: 'crop' }, renderOptions);
  return { clock, renderer, render };
}

/** A render of which the process is stopped at the given news; `stopped` gives its id. */
function stoppedAt(
  { renderer, render }: ReturnType<typeof setUp>,
  at: string,
  expected?: RenderOptions['expected'],
): { job: Promise<unknown>; stopped: Promise<number> } {
  let job: Promise<unknown> = Promise.resolve();
  const stopped = new Promise<number>((resolve) => {
    const onProgress = ({ stage, step }: RenderProgress) => {
      const { pid } = renderer;
      if (`${stage} ${step}` !== at || pid === undefined) return;
      process.kill(pid, 'SIGSTOP');
      resolve(pid);
    };
    // Each step takes a while, so that the process is stopped before it tells of the next.
    job = render({ blockMs: 300 }, { onProgress, ...(expected && { expected }) });
    job.catch(() => {});
  });
  return { job, stopped };
}

/** Moves on until the promise is settled. */
async function passTimeUntil(promise: Promise<unknown>, clock: FakeClock, stepMs = 60_000): Promise<void> {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  promise.then(note, note);
  while (!isSettled) await clock.advance(stepMs);
}

/** Whether there is such a process that has not ended. */
function lives(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

it('a process that stands still for STALL_SECONDS is killed, and the next job gets another', async () => {
  const restarts: string[] = [];
  const count: Metrics['count'] = (name, labels) => void restarts.push(`${name} ${JSON.stringify(labels)}`);
  const stage = setUp('fake-child.ts', { stallSeconds: 20, metrics: { ...noMetrics, count } });
  expect(stage.renderer.isLate()).toBe(false);
  const { job, stopped } = stoppedAt(stage, 'denoise 1');
  const pid = await stopped;
  await stage.clock.advance(8_000);
  expect(stage.renderer.isLate()).toBe(false);
  await stage.clock.advance(11_000);
  expect(lives(pid)).toBe(true);
  // What /readyz says, before the process is killed.
  expect(stage.renderer.isLate()).toBe(true);
  // Where a last bit of work was seen after the news, idle time counts from the next look.
  await stage.clock.advance(3_000);
  const error: unknown = await job.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InferenceError);
  expect(error).toMatchObject({ code: 'render-process-stalled', scope: undefined });
  expect(String(error)).toMatch(/no progress at denoise, step 1 of 3 done, for 2\d s/);
  expect(lives(pid)).toBe(false);
  expect(stage.renderer.isLate()).toBe(false);
  expect(restarts).toEqual(['kinora_worker_restarts_total {"reason":"render-process-stalled"}']);
  await expect(stage.render({})).resolves.toMatchObject({ model: 'fake' });
});

it.each([
  ['denoise 0', { secondsBefore: 10, secondsPerStep: 50, secondsAfter: 1 }, 600],
  ['decode 0', { secondsBefore: 10, secondsPerStep: 1, secondsAfter: 100 }, 1000],
  ['encode-video 0', { secondsBefore: 10, secondsPerStep: 1, secondsAfter: 40 }, 400],
])('at %s it is given ten times what such renders take', async (at, expected, seconds) => {
  const stage = setUp();
  const { job, stopped } = stoppedAt(stage, at, expected);
  const pid = await stopped;
  await stage.clock.advance((seconds - 1) * 1000);
  expect(lives(pid)).toBe(true);
  await stage.clock.advance(31_000);
  await expect(job).rejects.toMatchObject({ code: 'render-process-stalled' });
});

it('a process that never says that it is ready is given up', async () => {
  const { clock, renderer, render } = setUp('mute-child.ts');
  const job = render({});
  await passTimeUntil(job, clock);
  const error: unknown = await job.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InferenceError);
  expect(error).toMatchObject({
    code: 'render-process-start',
    scope: 'host',
    cause: { code: 'render-process-stalled' },
  });
  expect(renderer.pid).toBeUndefined();
});

it('a process that hangs when it is sent away is killed', async () => {
  const { clock, renderer, render } = setUp('fake-child.ts', { graceMs: 5000 });
  await render({});
  const { pid = 0 } = renderer;
  process.kill(pid, 'SIGSTOP');
  const closed = renderer.close();
  await clock.advance(4_999);
  expect(lives(pid)).toBe(true);
  await clock.advance(1);
  await closed;
  expect(lives(pid)).toBe(false);
});

it('a process whose pipes are held open by another is over after the grace', async () => {
  let debug = (_: object, _message: string) => {};
  const told = new Promise<number[]>((resolve) => {
    debug = (_, message) => {
      const ids = /(\d+) leaves (\d+) behind/.exec(message)?.slice(1).map(Number);
      if (ids !== undefined) resolve(ids);
    };
  });
  const { clock, render } = setUp('clinging-child.ts', { log: { ...quiet, debug } });
  const job = render({});
  job.catch(() => {});
  const [left = 0, behind = 0] = await told;
  onTestFinished(() => void process.kill(behind, 'SIGKILL'));
  while (lives(left)) await settle();
  await passTimeUntil(job, clock, 500);
  await expect(job).rejects.toMatchObject({
    code: 'render-process-start',
    cause: { code: 'render-process-died', message: expect.stringContaining('exit code 7') },
  });
});
