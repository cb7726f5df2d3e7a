import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, inject, vi } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import { readModelInfo } from '../../src/inference/pipeline/model-info.ts';
import type { MemoryMode, ModelInfo } from '../../src/inference/pipeline/types.ts';
import type { Clip, Renderer } from '../../src/worker/types.ts';
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from '../../src/worker/worker-pool.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { writeTinyModel } from '../support/tiny-model.ts';
import { smallPicture } from './stage.ts';

/** A render whose process stands still in mid-job, until the test lets it go or kills it. */
interface Hold {
  /** Resolves when the process stands still. */
  reached: Promise<void>;
  release(): void;
  kill(): void;
}

/** A hold that a render has yet to come to, or stands at. */
interface PendingHold {
  reach(pid: number): void;
  /** The process that it stopped. */
  pid: number;
  /** While it stands still: what its process told before the signal stopped it. A busy machine stops it late. */
  withheld: (() => void)[] | undefined;
  /** Whether it was let go or killed. A clip that was finished before the signal stopped it waits for that. */
  outcome: Promise<'released' | 'killed'>;
}

/** The real renderer over a checkpoint of random weights, with a hand on its process. */
export interface TinyRenderer extends Renderer, Pick<WorkerPool, 'killProcess'> {
  model: ModelInfo;
  modelDir: string;
  /** What it made, oldest first. */
  clips: Clip[];
  /** The next render stops after its first step. */
  hold(): Hold;
}

/** A model folder for quick renders; gone when the file's tests have ended. Call at the file's top level. */
export function makeTinyModel(): string {
  const modelDir = mkdtempSync(join(tmpdir(), 'kinora-tiny-'));
  writeTinyModel(modelDir);
  afterAll(() => rmSync(modelDir, { recursive: true }));
  return modelDir;
}

/** In place of the process that renders, one that computes nothing: for tests that kill it, or start many. */
export const quickChild = new URL('../remote/fixtures/quick-child.ts', import.meta.url);

interface TinyOptions
  extends Partial<Pick<WorkerPoolOptions, 'safety' | 'stallSeconds' | 'checkpointSeconds' | 'clock' | 'entry'>> {
  /** Left out: networks come and go with each clip. */
  memoryMode?: MemoryMode;
}

async function startPool(modelDir: string, { memoryMode, ...options }: TinyOptions): Promise<WorkerPool> {
  const pool = createWorkerPool({
    ...options,
    modelDir,
    execution: { provider: 'cpu', threads: 1, memoryMode },
    ffmpegPath: undefined,
    idleSeconds: 600,
    environment: process.env,
    log: createRecordingLog(),
  });
  // The process starts and loads its programs here, not on the first test's time.
  await pool.render({ picture: smallPicture.bytes, settings: {}, fit: 'crop' });
  return pool;
}

/**
 * The render process of all files that this process runs, for those that want nothing particular of it: starting one
 * takes a second. Its networks stay loaded from clip to clip; it dies with this process.
 */
let shared: Promise<WorkerPool> | undefined;

/**
 * Starts it for the tests of one file; ends with them, or serves other files as well where no options are given. Call
 * at the file's top level.
 */
export async function startTinyRenderer(options?: TinyOptions): Promise<TinyRenderer> {
  const modelDir = options === undefined ? inject('tinyModel') : makeTinyModel();
  let renderer: WorkerPool;
  if (options === undefined) {
    shared ??= startPool(modelDir, { memoryMode: 'resident' });
    renderer = await shared;
  } else {
    renderer = await startPool(modelDir, options);
    afterAll(() => renderer.close());
  }

  const holds: PendingHold[] = [];
  const clips: Clip[] = [];
  return {
    model: await readModelInfo(modelDir),
    modelDir,
    clips,
    hold() {
      let pending: PendingHold;
      let settle: (outcome: 'released' | 'killed') => void;
      const outcome = new Promise<'released' | 'killed'>((resolve) => {
        settle = resolve;
      });
      const reached = new Promise<void>((resolve) => {
        pending = {
          withheld: undefined,
          outcome,
          pid: 0,
          reach(pid) {
            pending.pid = pid;
            process.kill(pid, 'SIGSTOP');
            pending.withheld = [];
            resolve();
          },
        };
        holds.push(pending);
      });
      return {
        reached,
        release() {
          const { withheld = [], pid } = pending;
          pending.withheld = undefined;
          for (const tell of withheld) tell();
          process.kill(pid, 'SIGCONT');
          settle('released');
        },
        kill() {
          process.kill(pending.pid, 'SIGKILL');
          settle('killed');
        },
      };
    },
    async render(spec, { signal, onProgress } = {}) {
      const hold = holds.shift();
      let isReached = hold === undefined;
      const clip = await renderer.render(spec, {
        ...(signal && { signal }),
        onProgress(progress) {
          if (hold?.withheld) {
            hold.withheld.push(() => onProgress?.(progress));
            return;
          }
          onProgress?.(progress);
          if (isReached || renderer.pid === undefined) return;
          if (progress.stage !== 'denoise' || progress.step === 0) return;
          isReached = true;
          hold?.reach(renderer.pid);
        },
      });
      const isGone = () => renderer.pid !== hold?.pid;
      if (hold && isReached && (await outcomeOf(hold, { signal, isGone })) === 'killed') {
        // Until its end was heard of, the pool would give it the next job, which would fail as well.
        await vi.waitUntil(isGone, { timeout: 60_000, interval: 5 });
        throw new InferenceError('render-process-died', 'The process was killed, and had told of its clip before.');
      }
      clips.push(clip);
      return clip;
    },
    killProcess: () => renderer.killProcess(),
    // It ends with the file, or with the process.
    close: async () => {},
  };
}

/** What becomes of a render that stands still; rejects when it is cancelled. A process that is gone was killed, by whomever. */
function outcomeOf(
  { outcome }: PendingHold,
  { signal, isGone }: { signal: AbortSignal | undefined; isGone: () => boolean },
): PendingHold['outcome'] {
  return new Promise<'released' | 'killed'>((resolve, reject) => {
    const timer = setInterval(() => {
      if (isGone()) settle(() => resolve('killed'));
    }, 20);
    const onAbort = () => settle(() => reject(signal?.reason));
    function settle(end: () => void): void {
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
      end();
    }
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    void outcome.then((value) => settle(() => resolve(value)));
  });
}
