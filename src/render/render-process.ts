import { InferenceError, JobCancelledError } from '../errors.ts';
import type { Clock } from '../util/clock.ts';
import { type ChildLink, type ChildLinkOptions, openChildLink } from './child-link.ts';
import type { Engine, ToChild, ToParent } from './messages.ts';
import type { Clip, RenderProgress, RenderSpec } from './types.ts';
import { fromWireError } from './wire-error.ts';

/** What a render process lives by. */
export interface RenderProcessOptions extends ChildLinkOptions {
  engine: Engine;
  /** How long the process may take to say that it is ready. */
  startTimeoutMs: number;
  /** How long a cancelled job, or a process that was sent away, may take to end by itself. */
  graceMs: number;
  clock: Clock;
}

/** A render process that is ready for jobs, one at a time. */
export interface RenderProcess {
  readonly pid: number | undefined;
  /** False as soon as it ended or was told to: start another one. */
  isAlive(): boolean;
  /**
   * Makes one clip.
   * @throws InferenceError `render-process-died`
   * @throws JobCancelledError `signal` was aborted: the job ended at its next step, or the process was killed
   * @throws AppError whatever the job itself threw
   */
  run(spec: RenderSpec, signal: AbortSignal, onProgress: (progress: RenderProgress) => void): Promise<Clip>;
  /** Ends it and what it started, at once: its job rejects. */
  kill(): void;
  /** Sends it away, and makes it go after the grace. Resolves when it is gone. */
  end(): Promise<void>;
}

/**
 * Starts a render process and waits until it is ready.
 * @throws InferenceError `render-process-start` it died or said nothing in time
 * @throws JobCancelledError `signal` was aborted meanwhile
 */
export async function startRenderProcess(options: RenderProcessOptions, signal: AbortSignal): Promise<RenderProcess> {
  const { clock, startTimeoutMs, graceMs, engine, log } = options;
  const link = openChildLink(options);
  let howItFailed = 'it ended at once';
  const callOff = clock.after(startTimeoutMs, () => {
    howItFailed = `it was not ready after ${startTimeoutMs / 1000} s`;
    link.kill();
  });
  try {
    await converse<void>(link, { type: 'start', engine }, signal, {
      hear: (message, { resolve }) => message.type === 'ready' && resolve(),
      onAbort: link.kill,
    });
  } catch (cause) {
    if (cause instanceof JobCancelledError) throw cause;
    throw new InferenceError('render-process-start', `The render process did not start: ${howItFailed}.`, { cause });
  } finally {
    callOff();
  }
  log.debug({ pid: link.pid }, 'render process ready');

  let lastJob = 0;
  return {
    pid: link.pid,
    isAlive: link.isAlive,
    kill: link.kill,
    async run(spec, signal, onProgress) {
      const job = ++lastJob;
      let callOffKill = () => {};
      try {
        return await converse<Clip>(link, { type: 'render', job, spec }, signal, {
          hear(message, { resolve, reject }) {
            if (!('job' in message) || message.job !== job) return;
            if (message.type === 'progress') onProgress(message.progress);
            else if (message.type === 'done') resolve(message.clip);
            else reject(fromWireError(message.error));
          },
          onAbort() {
            link.send({ type: 'cancel', job });
            callOffKill = clock.after(graceMs, link.kill);
          },
        });
      } finally {
        callOffKill();
      }
    },
    async end() {
      const callOffKill = clock.after(graceMs, link.kill);
      link.dismiss();
      await link.death;
      callOffKill();
    },
  };
}

interface Conversation<T> {
  hear(message: ToParent, settle: { resolve(value: T): void; reject(error: Error): void }): void;
  onAbort(): void;
}

/** Says `opening`, then listens until the conversation is settled or the process is gone. */
async function converse<T>(
  link: ChildLink,
  opening: ToChild,
  signal: AbortSignal,
  { hear, onAbort }: Conversation<T>,
): Promise<T> {
  if (signal.aborted) throw cancelledBy(signal);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await new Promise<T>((resolve, reject) => {
      link.listen((message) => hear(message, { resolve, reject }));
      void link.death.then(reject);
      link.send(opening);
    });
  } catch (error) {
    // Whatever became of a job that was called off: it was called off.
    throw signal.aborted ? cancelledBy(signal, error) : error;
  } finally {
    link.listen(undefined);
    signal.removeEventListener('abort', onAbort);
  }
}

/** The reason the signal was aborted with, where it is one of ours, so that its words are kept. */
export function cancelledBy(signal: AbortSignal, cause?: unknown): JobCancelledError {
  return signal.reason instanceof JobCancelledError ? signal.reason : new JobCancelledError(undefined, { cause });
}
