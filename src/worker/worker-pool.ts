import { AppError, JobCancelledError, scopeOf } from '../errors.ts';
import { throwIfCancelled } from '../util/cancellation.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type Metrics, noMetrics } from '../util/metrics.ts';
import type { WorkerConfig } from './messages.ts';
import type { Renderer } from './types.ts';
import type { Watchdog } from './watchdog.ts';
import { startWorker, type WorkerHandle } from './worker-handle.ts';

/** What a renderer works with. */
export interface WorkerPoolOptions extends Omit<WorkerConfig, 'searchPath' | 'visibleCards'> {
  /** The process ends, and frees the model's memory, after this long without a job. */
  idleSeconds: number;
  /** The caller's environment; the process gets an allow-list of it, never a token. */
  environment: Readonly<Record<string, string | undefined>>;
  log: Log;
  clock?: Clock;
  /** Counts processes that had to be replaced. Default: nobody does. */
  metrics?: Metrics | undefined;
  /** A step of a render, or the start, that does not end is given this long at least: see `watch`. Default 300. */
  stallSeconds?: number;
  /** How often the state of a render is handed to `onCheckpoint`, at most; 0: never. Default 30. */
  checkpointSeconds?: number;
  /** How often a preview is handed to `onPreview`, at most; 0: each that is due. Default 15. */
  previewSeconds?: number;
  /** How long a cancelled job may go on before the process is killed. Default 5 s. */
  graceMs?: number;
  /** Another file for the process: tests only. */
  entry?: URL;
}

/** A renderer whose work happens in a process of its own. */
export interface WorkerPool extends Renderer {
  /** Of the render process, while there is one. */
  readonly pid: number | undefined;
  /** Whether a step, or the start, takes half as long already as the process is given before it is killed. */
  isLate(): boolean;
  /** Ends the render process at once, as a system does that runs out of memory; false where there is none. */
  killProcess(): boolean;
}

/**
 * Makes clips in a child process, one at a time: further jobs wait their turn. The process is started for the first
 * job, kept with its model for the next, and replaced after it died or a job failed by another's fault than its own:
 * what broke it may be the state of the process.
 */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { modelDir, loras, execution, ffmpegPath, safety, styleDir, pictures, idleSeconds } = options;
  const { environment, entry, log, stallSeconds = 300, checkpointSeconds = 30, graceMs = 5_000 } = options;
  const { metrics = noMetrics, clock = systemClock, previewSeconds = 15 } = options;
  let watchdog: Watchdog | undefined;
  const workerOptions = {
    config: {
      modelDir,
      loras,
      execution,
      ffmpegPath,
      safety,
      styleDir,
      pictures,
      searchPath: environment.PATH ?? environment.Path,
      visibleCards: environment.CUDA_VISIBLE_DEVICES,
    },
    environment,
    log,
    stallSeconds,
    checkpointSeconds,
    previewSeconds,
    graceMs,
    clock,
    onWatched(latest: Watchdog) {
      watchdog = latest;
    },
    ...(entry === undefined ? {} : { entry }),
  };
  const closing = new AbortController();
  let current: WorkerHandle | undefined;
  let cancelIdle = () => {};
  /** Settles when everybody who has taken a turn so far has left. Never rejects. */
  let tail: Promise<unknown> = Promise.resolve();

  /**
   * Waits until everybody who came earlier has left.
   * @returns to be called at the end
   * @throws JobCancelledError the signal was aborted before; nothing needs to be called
   */
  async function takeTurn(signal?: AbortSignal): Promise<() => void> {
    const before = tail;
    let leave = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    // Who gives up waiting lets nobody pass whoever is still at work.
    tail = Promise.all([before, left]).then(() => {});
    await (signal === undefined ? before : settledOrAborted(before, signal));
    if (signal?.aborted) leave();
    throwIfCancelled(signal);
    return leave;
  }

  /** The next job waits for it: two models at once may be more than the memory holds. */
  async function shutdownCurrent(): Promise<void> {
    cancelIdle();
    const ending = current;
    current = undefined;
    await ending?.shutdown();
  }

  async function shutdownInTurn(): Promise<void> {
    const leave = await takeTurn();
    await shutdownCurrent();
    leave();
  }

  return {
    get pid() {
      return current?.isAlive() ? current.pid : undefined;
    },
    isLate: () => watchdog?.isLate() ?? false,
    killProcess() {
      if (!current?.isAlive()) return false;
      current.kill();
      return true;
    },
    async render(spec, jobOptions = {}) {
      const callers = jobOptions.signal === undefined ? [] : [jobOptions.signal];
      const signal = AbortSignal.any([...callers, closing.signal]);
      const leave = await takeTurn(signal);
      cancelIdle();
      try {
        if (!current?.isAlive()) current = await startWorker(workerOptions, signal);
        return await current.render(spec, { ...jobOptions, signal });
      } catch (error) {
        if (!(error instanceof JobCancelledError) && scopeOf(error) !== 'job') {
          metrics.count('kinora_worker_restarts_total', { reason: error instanceof AppError ? error.code : 'unknown' });
          await shutdownCurrent();
        }
        throw error;
      } finally {
        cancelIdle = clock.after(idleSeconds * 1000, () => void shutdownInTurn());
        leave();
      }
    },
    close() {
      closing.abort(new JobCancelledError('The renderer was closed.'));
      return shutdownInTurn();
    },
  };
}

/** Waits for `before`, but no longer than until `signal` is aborted. */
async function settledOrAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let onAbort = () => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
  });
  signal.addEventListener('abort', onAbort);
  await Promise.race([before, aborted]);
  signal.removeEventListener('abort', onAbort);
}
