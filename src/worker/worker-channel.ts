import { InferenceError } from '../errors.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { forkChild, killGroup } from './fork-child.ts';
import { parseToParent, type ToChild, type ToParent } from './messages.ts';

/** Who hears what a render process says, and of its end. */
interface ChildListener {
  onMessage(message: ToParent): void;
  /** Called once, when the process is gone and its last messages were heard; at once where it is gone already. */
  onExit(error: InferenceError): void;
}

/** The parent's end of the channel to one render process. */
export interface WorkerChannel {
  readonly pid: number | undefined;
  /** False as soon as the process ended, or was told to. */
  isAlive(): boolean;
  /** Hears each message, but for the log's, and the end; one listener at a time. */
  listen(listener: ChildListener | undefined): void;
  send(message: ToChild): void;
  /** Sends the process away; one that is stuck does not hear it. */
  shutDown(): void;
  /** Ends the process and what it started, at once. One that the kernel holds is given up after the grace. */
  kill(): void;
  /**
   * Resolves when the process is gone. Never rejects. For its end alone: what waits here is kept for the life of the
   * process, so jobs {@link listen} instead.
   */
  readonly gone: Promise<void>;
}

/** How a child is made: the parent's environment, of which an allow-list is passed on, and another entry for tests. */
export interface WorkerChannelOptions {
  environment: Readonly<Record<string, string | undefined>>;
  entry?: URL;
  log: Log;
  clock: Clock;
  /** How long a process that was told to end, or was killed, may take. */
  graceMs: number;
}

/** Characters kept of what a process wrote before it died. */
const keptOutputLength = 4000;

/** Forks a render process. */
export function openWorkerChannel({ environment, entry, log, clock, graceMs }: WorkerChannelOptions): WorkerChannel {
  const child = forkChild(environment, entry);
  const { pid } = child;
  let alive = true;
  let exitError: InferenceError | undefined;
  let listener: ChildListener | undefined;
  let violation: unknown;
  let finalNotices = '';
  let how = 'it was killed and did not end';
  let callOffGivingUp: (() => void) | undefined;
  let resolveGone = () => {};
  const gone = new Promise<void>((resolve) => {
    resolveGone = resolve;
  });

  const exited = (cause: unknown) => {
    alive = false;
    callOffGivingUp?.();
    if (exitError !== undefined) return;
    log.debug({ pid, how }, 'render process ended');
    exitError = new InferenceError('render-process-died', `The render process ended (${how}).${hintAt(how)}`, {
      cause,
    });
    listener?.onExit(exitError);
    resolveGone();
  };
  const kill = () => {
    alive = false;
    killGroup(child);
    // A process that waits inside a driver does not die before the driver lets go of it.
    callOffGivingUp ??= clock.after(graceMs, () => {
      log.warn({ pid, how }, 'a render process was killed and does not end; it is given up');
      exited(undefined);
    });
  };

  // `close`, not `exit`: by then its last messages and last output has been read.
  child.once('close', () => exited(violation ?? (finalNotices === '' ? undefined : new Error(finalNotices))));
  child.on('error', (error) => {
    if (pid !== undefined) return;
    how = 'it could not be started';
    exited(error);
  });
  child.once('exit', (code, name) => {
    how = name ?? `exit code ${code}`;
    kill(); // what it had started, ffmpeg above all, goes with it
  });
  child.on('message', (raw) => {
    let message: ToParent;
    try {
      message = parseToParent(raw);
    } catch (error) {
      violation = error;
      kill();
      return;
    }
    if (message.type === 'log') log.debug({ pid }, message.message);
    else listener?.onMessage(message);
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log.debug({ pid }, text.trimEnd());
      finalNotices = (finalNotices + text).slice(-keptOutputLength);
    });
  }

  const send = (message: ToChild) => {
    // A broken channel belongs to a dying process, whose end is the answer.
    if (child.connected) child.send(message, () => {});
  };
  return {
    pid,
    isAlive: () => alive,
    gone,
    listen(next) {
      listener = next;
      if (exitError !== undefined) next?.onExit(exitError);
    },
    send,
    shutDown() {
      alive = false;
      // Not `disconnect()`: after that Node emits no `close`.
      send({ type: 'leave' });
    },
    kill,
  };
}

function hintAt(how: string): string {
  return how === 'SIGKILL' ? ' Something killed it: most often the system, for want of memory.' : '';
}
