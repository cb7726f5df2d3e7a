import { AppError, InferenceError, JobCancelledError } from '../errors.ts';
import { cancelledBy, throwIfCancelled } from '../util/cancellation.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { forkChild, killGroup } from './fork-child.ts';
import { createChannelReceiver, createChannelSender } from './large-messages.ts';
import { parseToParent, type ToChild, type ToParent, type WorkerConfig } from './messages.ts';
import type { Clip, ExpectedSeconds, RenderOptions, RenderProgress, RenderSpec } from './types.ts';
import { expectStep, processorSeconds, type Watchdog, watch } from './watchdog.ts';
import { fromWireError } from './wire-error.ts';

/** What a render process lives by. */
export interface WorkerHandleOptions {
  config: WorkerConfig;
  /** The parent's environment, of which an allow-list is passed on. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Another file for the process: tests only. */
  entry?: URL;
  log: Log;
  clock: Clock;
  /** Hears what watches over each request, and the start. */
  onWatched: (watchdog: Watchdog) => void;
  /** How long a process that was told to end, or was killed, may take. */
  graceMs: number;
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

/** The parent's end of the channel to one render process. */
interface WorkerChannel {
  readonly pid: number | undefined;
  /** False as soon as the process ended, or was told to. */
  isAlive(): boolean;
  /**
   * Sends a message and gives those that come from then on, but for the log's; one request at a time. Leaving the loop
   * ends it.
   * @throws InferenceError `render-process-died`: the process is gone, and its last messages were given
   */
  request(message: ToChild): AsyncGenerator<ToParent, never>;
  send(message: ToChild): void;
  /** Asks the process to end; one that is stuck does not hear it. */
  shutdown(): void;
  /** Ends the process and what it started, at once. One that the kernel holds is given up after the grace. */
  kill(): void;
  /**
   * Resolves when the process is gone. Never rejects. For its end alone: what waits here is kept for the life of the
   * process.
   */
  readonly gone: Promise<void>;
}

/** Characters kept of what a process wrote before it died. */
const keptOutputLength = 4000;

/** Forks a render process. */
function openWorkerChannel({ environment, entry, log, clock, graceMs }: WorkerHandleOptions): WorkerChannel {
  const child = forkChild(environment, entry);
  const { pid } = child;
  let alive = true;
  let exitError: InferenceError | undefined;
  /** What the present request has not taken yet; undefined between requests. */
  let inbox: ToParent[] | undefined;
  let wake = () => {};
  let violation: unknown;
  let lastOutput = '';
  let how = 'it was killed and did not end';
  let cancelGivingUp: (() => void) | undefined;
  let resolveGone = () => {};
  const gone = new Promise<void>((resolve) => {
    resolveGone = resolve;
  });

  const onExit = (cause: unknown) => {
    alive = false;
    cancelGivingUp?.();
    if (exitError !== undefined) return;
    log.debug({ pid, how }, 'render process ended');
    const hint = how === 'SIGKILL' ? ' Something killed it: most often the system, for want of memory.' : '';
    exitError = new InferenceError('render-process-died', `The render process ended (${how}).${hint}`, { cause });
    wake();
    resolveGone();
  };
  const kill = () => {
    alive = false;
    killGroup(child);
    // A process that waits inside a driver does not die before the driver lets go of it.
    cancelGivingUp ??= clock.after(graceMs, () => {
      log.warn({ pid, how }, 'a render process was killed and does not end; it is given up');
      onExit(undefined);
    });
  };

  // `close`, not `exit`: by then its last messages and last output has been read.
  child.once('close', () => onExit(violation ?? (lastOutput === '' ? undefined : new Error(lastOutput))));
  child.on('error', (error) => {
    if (pid !== undefined) return;
    how = 'it could not be started';
    onExit(error);
  });
  child.once('exit', (code, name) => {
    how = name ?? `exit code ${code}`;
    kill(); // what it had started, ffmpeg above all, goes with it
  });
  const receive = createChannelReceiver((raw) => {
    const message = parseToParent(raw);
    if (message.type === 'log') log.debug({ pid }, message.message);
    else inbox?.push(message);
    wake();
  });
  child.on('message', (raw) => {
    try {
      receive(raw);
    } catch (error) {
      violation = error;
      kill();
    }
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log.debug({ pid }, text.trimEnd());
      lastOutput = (lastOutput + text).slice(-keptOutputLength);
    });
  }

  const sendToChild = createChannelSender((message, done) => {
    if (child.connected) child.send(message as ToChild, done);
    else done(null);
  });
  // A broken channel belongs to a dying process, whose end is the answer.
  const send = (message: ToChild) => void sendToChild(message).catch(() => {});
  return {
    pid,
    isAlive: () => alive,
    gone,
    async *request(message) {
      inbox = [];
      try {
        send(message);
        for (;;) {
          const next = inbox.shift();
          if (next !== undefined) yield next;
          else if (exitError !== undefined) throw exitError;
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        inbox = undefined;
      }
    },
    send,
    shutdown() {
      alive = false;
      // Not `disconnect()`: after that Node emits no `close`.
      send({ type: 'shutdown' });
    },
    kill,
  };
}
