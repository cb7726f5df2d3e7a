import { AppError, InferenceError, JobCancelledError } from '../errors.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ToChild, ToParent, WorkerConfig } from './messages.ts';
import type { Clip, RenderOptions, RenderProgress, RenderSpec } from './types.ts';
import { expectStep, processorSeconds, type Watchdog, watch } from './watchdog.ts';
import { fromWireError } from './wire-error.ts';
import { openWorkerChannel, type WorkerChannel, type WorkerChannelOptions } from './worker-channel.ts';

/** What a render process lives by. */
export interface WorkerHandleOptions extends WorkerChannelOptions {
  engine: WorkerConfig;
  /** A step without an end is given this long at least, and then the process is killed: see `watch`. */
  stallSeconds: number;
  /** At most one checkpoint in so many seconds; 0: none. */
  checkpointSeconds: number;
}

/** What one job is run with. */
export interface RunOptions extends RenderOptions {
  signal: AbortSignal;
}

/** A render process that is ready for jobs, one at a time. */
export interface WorkerHandle {
  readonly pid: number | undefined;
  /** False as soon as it ended or was told to: start another one. */
  isAlive(): boolean;
  /**
   * Makes one clip.
   * @throws InferenceError `render-process-died`; `render-process-stalled`: it made no progress and was killed
   * @throws JobCancelledError `signal` was aborted: the job ended at its next step, or the process was killed
   * @throws AppError whatever the job itself threw
   */
  run(spec: RenderSpec, options: RunOptions): Promise<Clip>;
  /** Ends it and what it started, at once: its job rejects. */
  kill(): void;
  /** Sends it away, and makes it go after the grace. Resolves when it is gone. */
  end(): Promise<void>;
}

/**
 * Starts a render process and waits until it has opened its model, provider, ffmpeg and safety check.
 * @throws AppError of scope `host`: what the process could not open; `render-process-start` where it died, hung, or
 *   does not say whose fault it was
 * @throws JobCancelledError `signal` was aborted meanwhile
 */
export async function startWorker(options: WorkerHandleOptions, signal: AbortSignal): Promise<WorkerHandle> {
  const { clock, graceMs, engine, log, checkpointSeconds } = options;
  const link = openWorkerChannel(options);
  try {
    await request<void>(options, link, {
      opening: { type: 'start', engine },
      signal,
      onAbort: link.kill,
      onMessage(message, { resolve, reject }) {
        if (message.type === 'ready') resolve();
        else if (message.type === 'failed-start') reject(fromWireError(message.error));
      },
    });
  } catch (cause) {
    link.kill();
    throw cause instanceof JobCancelledError ? cause : startError(cause);
  }
  log.debug({ pid: link.pid }, 'render process ready');

  let lastJob = 0;
  return {
    pid: link.pid,
    isAlive: link.isAlive,
    kill: link.kill,
    async run(spec, { signal, onProgress = () => {}, onCheckpoint, expected }) {
      const job = ++lastJob;
      let progress: RenderProgress | undefined;
      let callOffKill = () => {};
      try {
        return await request<Clip>(options, link, {
          opening: {
            type: 'render',
            job,
            spec,
            ...(onCheckpoint !== undefined && checkpointSeconds > 0 && { checkpointSeconds }),
          },
          signal,
          onMessage(message, { resolve, reject, watchdog }) {
            if (!('job' in message) || message.job !== job) return;
            if (message.type === 'done') resolve(message.clip);
            else if (message.type === 'failed') reject(fromWireError(message.error));
            else if (message.type === 'checkpoint') guarded(log, () => onCheckpoint?.(message.bytes));
            else {
              watchdog.progress(expectStep(message.progress, progress, expected));
              progress = message.progress;
              guarded(log, () => onProgress(message.progress));
            }
          },
          onAbort() {
            link.send({ type: 'cancel', job });
            callOffKill = clock.after(graceMs, link.kill);
          },
          describe: () => progress && ` at ${progress.stage}, step ${progress.step} of ${progress.steps} done,`,
        });
      } finally {
        callOffKill();
      }
    },
    async end() {
      const callOffKill = clock.after(graceMs, link.kill);
      link.shutDown();
      await link.gone;
      callOffKill();
    },
  };
}

interface Conversation<T> {
  opening: ToChild;
  signal: AbortSignal;
  onMessage(
    message: ToParent,
    tools: { resolve(value: T): void; reject(error: Error): void; watchdog: Watchdog },
  ): void;
  onAbort(): void;
  /** Words for where it stood still, after "no progress". */
  describe?: () => string | undefined;
}

/** Says `opening`, then listens until the conversation is settled, or the process is gone or killed for standing still. */
async function request<T>(
  { clock, stallSeconds }: { clock: Clock; stallSeconds: number },
  link: WorkerChannel,
  { opening, signal, onMessage, onAbort, describe = () => undefined }: Conversation<T>,
): Promise<T> {
  if (signal.aborted) throw cancelledBy(signal);
  signal.addEventListener('abort', onAbort, { once: true });
  let stalled: InferenceError | undefined;
  const watchdog = watch({
    clock,
    stallSeconds,
    processorSeconds: () => (link.pid === undefined ? undefined : processorSeconds(link.pid)),
    onStall(seconds) {
      const text = `The render process made no progress${describe() ?? ''} for ${seconds} s and was killed.`;
      stalled = new InferenceError('render-process-stalled', text);
      link.kill();
    },
  });
  try {
    return await new Promise<T>((resolve, reject) => {
      link.listen({
        onMessage: (message) => onMessage(message, { resolve, reject, watchdog }),
        onExit: (error) => reject(stalled ?? error),
      });
      link.send(opening);
    });
  } catch (error) {
    // Whatever became of a job that was called off: it was called off.
    throw signal.aborted ? cancelledBy(signal, error) : error;
  } finally {
    watchdog.stop();
    link.listen(undefined);
    signal.removeEventListener('abort', onAbort);
  }
}

/** What a process could not open is told as it is; all else about a start is the machine's fault too. */
function startError(cause: unknown): AppError {
  if (cause instanceof AppError && cause.scope === 'host') return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The render process did not start: ${reason}`;
  return new InferenceError('render-process-start', message, { cause, scope: 'host' });
}

/** A listener that fails is the caller's trouble; it ends neither the job nor the process. */
function guarded(log: Log, call: () => void): void {
  try {
    call();
  } catch (error) {
    log.warn({ err: error }, 'news of a render could not be passed on');
  }
}

/** The reason the signal was aborted with, where it is one of ours, so that its words are kept. */
export function cancelledBy(signal: AbortSignal, cause?: unknown): JobCancelledError {
  return signal.reason instanceof JobCancelledError ? signal.reason : new JobCancelledError(undefined, { cause });
}
