import { AppError, InferenceError, JobCancelledError } from '../errors.ts';
import { cancelledBy, throwIfCancelled } from '../util/cancellation.ts';
import type { ToChild, ToParent, WorkerConfig } from './messages.ts';
import type { Clip, ExpectedSeconds, RenderOptions, RenderProgress, RenderSpec } from './types.ts';
import { expectStep, processorSeconds, type Watchdog, watch } from './watchdog.ts';
import { fromWireError } from './wire-error.ts';
import { openWorkerChannel, type WorkerChannel, type WorkerChannelOptions } from './worker-channel.ts';

/** What a render process lives by. */
export interface WorkerHandleOptions extends WorkerChannelOptions {
  config: WorkerConfig;
  /** Hears what watches over each request, and the start. */
  onWatched: (watchdog: Watchdog) => void;
  /** A step without an end is given this long at least, and then the process is killed: see `watch`. */
  stallSeconds: number;
  /** At most one checkpoint in so many seconds; 0: none. */
  checkpointSeconds: number;
  /** At most one preview in so many seconds, where somebody takes them; 0: each that is due. */
  previewSeconds: number;
}

/** A render process that is ready for jobs, one at a time. */
export interface WorkerHandle {
  readonly pid: number | undefined;
  /** False as soon as it ended or was told to: start another one. */
  isAlive(): boolean;
  /**
   * Makes one clip.
   * @throws InferenceError `render-process-died`; `render-process-stalled`: it made no progress and was killed
   * @throws JobCancelledError the signal was aborted: the job ended at its next step, or the process was killed
   * @throws AppError whatever the job itself threw
   */
  render(spec: RenderSpec, options: RenderOptions & { signal: AbortSignal }): Promise<Clip>;
  /** Ends it and what it started, at once: its job rejects. */
  kill(): void;
  /** Asks it to end, and kills it after the grace. Resolves when it is gone. */
  shutdown(): Promise<void>;
}

/**
 * Starts a render process and waits until it has opened its model, provider, ffmpeg and safety check.
 * @throws AppError of scope `host`: what the process could not open; `render-process-start` where it died, hung, or
 *   does not say whose fault it was
 * @throws JobCancelledError the signal was aborted, and the process was not ready within the grace
 */
export async function startWorker(options: WorkerHandleOptions, signal: AbortSignal): Promise<WorkerHandle> {
  const { clock, graceMs, config, log, checkpointSeconds, previewSeconds } = options;
  const channel = openWorkerChannel(options);
  try {
    for await (const { type } of request(channel, options, { message: { type: 'start', config }, signal })) {
      if (type === 'ready') break;
    }
  } catch (cause) {
    channel.kill();
    throw cause instanceof JobCancelledError ? cause : startError(cause);
  }
  log.debug({ pid: channel.pid }, 'render process ready');

  /** News that cannot be passed on is the caller's trouble; it ends neither the job nor the process. */
  function emit(event: () => void): void {
    try {
      event();
    } catch (error) {
      log.warn({ err: error }, 'news of a render could not be passed on');
    }
  }

  let lastJob = 0;
  return {
    pid: channel.pid,
    isAlive: channel.isAlive,
    kill: channel.kill,
    async render(spec, { signal: jobSignal, onProgress, onCheckpoint, onPreview, expected }) {
      throwIfCancelled(jobSignal);
      const job = ++lastJob;
      const checkpoints = onCheckpoint !== undefined && checkpointSeconds > 0 ? { checkpointSeconds } : {};
      const previews = onPreview !== undefined ? { previewSeconds } : {};
      const message: ToChild = { type: 'render', job, spec, ...checkpoints, ...previews };
      for await (const news of request(channel, options, { message, signal: jobSignal, expected })) {
        if (!('job' in news) || news.job !== job) continue;
        if (news.type === 'done') return news.clip;
        if (news.type === 'checkpoint') emit(() => onCheckpoint?.(news.bytes));
        if (news.type === 'preview') emit(() => onPreview?.(news.bytes));
        if (news.type === 'progress') emit(() => onProgress?.(news.progress));
      }
      throw new InferenceError('render-process-died', 'The render process said nothing more.');
    },
    async shutdown() {
      const cancelKill = clock.after(graceMs, channel.kill);
      channel.shutdown();
      await channel.gone;
      cancelKill();
    },
  };
}

/** What a process is asked. */
interface WorkerRequest {
  message: Extract<ToChild, { type: 'start' | 'render' }>;
  signal: AbortSignal;
  expected?: ExpectedSeconds | undefined;
}

/**
 * Sends a request and gives the process's answers until the caller has what it wants. An abort is passed on as one
 * `cancel` message, and a process that does not come to an end within the grace is killed; so is one that stands still.
 * @throws AppError what the process says went wrong, or of its end
 * @throws JobCancelledError the signal was aborted: whatever became of the work, it was cancelled
 */
async function* request(
  channel: WorkerChannel,
  { clock, graceMs, stallSeconds, onWatched }: WorkerHandleOptions,
  { message, signal, expected }: WorkerRequest,
): AsyncGenerator<ToParent, void> {
  let progress: RenderProgress | undefined;
  let stalled: InferenceError | undefined;
  let cancelKill = () => {};
  const onAbort = () => {
    if (message.type === 'render') channel.send({ type: 'cancel', job: message.job });
    cancelKill = clock.after(graceMs, channel.kill);
  };
  const watchdog = watch({
    clock,
    stallSeconds,
    processorSeconds: () => (channel.pid === undefined ? undefined : processorSeconds(channel.pid)),
    onStall(seconds) {
      const where = progress ? ` at ${progress.stage}, step ${progress.step} of ${progress.steps} done,` : '';
      const text = `The render process made no progress${where} for ${seconds} s and was killed.`;
      stalled = new InferenceError('render-process-stalled', text);
      channel.kill();
    },
  });
  onWatched(watchdog);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const answer of channel.request(message)) {
      if (answer.type === 'failed' || answer.type === 'failed-start') throw fromWireError(answer.error);
      if (answer.type === 'progress') {
        watchdog.progress(expectStep(answer.progress, progress, expected));
        progress = answer.progress;
      }
      yield answer;
    }
  } catch (error) {
    throw signal.aborted ? cancelledBy(signal, error) : (stalled ?? error);
  } finally {
    cancelKill();
    watchdog.stop();
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
