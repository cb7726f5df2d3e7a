import { InferenceError } from '../errors.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { forkChild, killGroup } from './fork-child.ts';
import { createChannelReceiver, createChannelSender } from './large-messages.ts';
import { parseToParent, type ToChild, type ToParent } from './messages.ts';

/** What a render process is forked with. */
export interface WorkerChannelOptions {
  /** The parent's environment, of which an allow-list is passed on. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Another file for the process: tests only. */
  entry?: URL;
  log: Log;
  clock: Clock;
  /** How long a process that was told to end, or was killed, may take. */
  graceMs: number;
}

/** The parent's end of the channel to one render process. */
export interface WorkerChannel {
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
export function openWorkerChannel({ environment, entry, log, clock, graceMs }: WorkerChannelOptions): WorkerChannel {
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
