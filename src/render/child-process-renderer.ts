import { JobCancelledError } from '../errors.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Engine } from './messages.ts';
import { cancelledBy, type RenderProcess, startRenderProcess } from './render-process.ts';
import type { Clip, Renderer, RenderOptions, RenderSpec } from './types.ts';

/** What a renderer works with. */
export interface RendererOptions extends Omit<Engine, 'searchPath'> {
  /** The process ends, and frees the model's memory, after this long without a job. */
  idleSeconds: number;
  /** The caller's environment; the process gets an allow-list of it, never a token. */
  environment: Readonly<Record<string, string | undefined>>;
  log: Log;
  clock?: Clock;
  /** How long the process may take to be ready. Default 60 s. */
  startTimeoutMs?: number;
  /** How long a cancelled job may go on before the process is killed. Default 5 s. */
  graceMs?: number;
  /** Another file for the process: tests only. */
  entry?: URL;
}

/** A renderer whose work happens in a process of its own. */
export interface ChildProcessRenderer extends Renderer {
  /** Of the render process, while there is one. */
  readonly pid: number | undefined;
  /** Ends the render process at once, as a system does that runs out of memory; false where there is none. */
  killProcess(): boolean;
}

/**
 * Makes clips in a child process, one at a time: further jobs wait their turn. The process is started for the first
 * job, kept with its model for the next, and replaced after it died, which fails only the job it was at.
 */
export function createRenderer(options: RendererOptions): ChildProcessRenderer {
  const { modelDir, loras, execution, ffmpegPath, safety, idleSeconds, clock = systemClock } = options;
  const { environment, entry, log, startTimeoutMs = 60_000, graceMs = 5_000 } = options;
  const processOptions = {
    engine: { modelDir, loras, execution, ffmpegPath, safety, searchPath: environment.PATH ?? environment.Path },
    ...{ environment, log, startTimeoutMs, graceMs, clock },
    ...(entry === undefined ? {} : { entry }),
  };
  const closing = new AbortController();
  let current: RenderProcess | undefined;
  let callOffIdle = () => {};
  /** Settles when everything asked for so far is over. Never rejects. */
  let tail: Promise<unknown> = Promise.resolve();

  function after<T>(before: Promise<unknown>, work: () => Promise<T>): Promise<T> {
    const done = before.then(work);
    // `then` drops the results: otherwise every clip would stay reachable from here.
    tail = Promise.allSettled([tail, done]).then(() => {});
    return done;
  }

  async function runNow(spec: RenderSpec, signal: AbortSignal, onProgress: RenderOptions['onProgress']): Promise<Clip> {
    if (signal.aborted) throw cancelledBy(signal);
    callOffIdle();
    if (!current?.isAlive()) current = await startRenderProcess(processOptions, signal);
    try {
      return await current.run(spec, signal, onProgress ?? (() => {}));
    } finally {
      callOffIdle = clock.after(idleSeconds * 1000, () => void after(tail, endCurrent));
    }
  }

  /** The next job waits for it: two models at once may be more than the memory holds. */
  async function endCurrent(): Promise<void> {
    callOffIdle();
    const leaving = current;
    current = undefined;
    await leaving?.end();
  }

  return {
    get pid() {
      return current?.isAlive() ? current.pid : undefined;
    },
    killProcess() {
      if (!current?.isAlive()) return false;
      current.kill();
      return true;
    },
    render(spec, { signal: wish, onProgress } = {}) {
      const signal = AbortSignal.any(wish === undefined ? [closing.signal] : [wish, closing.signal]);
      return after(settledOrAborted(tail, signal), () => runNow(spec, signal, onProgress));
    },
    close() {
      closing.abort(new JobCancelledError('The renderer was closed.'));
      return after(tail, endCurrent);
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
