import { InferenceError } from '../errors.ts';
import type { Log } from '../util/log.ts';
import { forkChild, killGroup } from './fork-child.ts';
import { parseToParent, type ToChild, type ToParent } from './messages.ts';

/** The parent's end of the channel to one render process. */
export interface ChildLink {
  readonly pid: number | undefined;
  /** False as soon as the process ended, or was told to. */
  isAlive(): boolean;
  /** Resolves, when the process is gone and its last messages were heard, with why. Never rejects. */
  readonly death: Promise<InferenceError>;
  /** Hears each message, but for the log's; one listener at a time. */
  listen(listener: ((message: ToParent) => void) | undefined): void;
  send(message: ToChild): void;
  /** Sends the process away; one that is stuck does not hear it. */
  dismiss(): void;
  /** Ends the process and what it started, at once. */
  kill(): void;
}

/** How a child is made: the parent's environment, of which an allow-list is passed on, and another entry for tests. */
export interface ChildLinkOptions {
  environment: Readonly<Record<string, string | undefined>>;
  entry?: URL;
  log: Log;
}

/** Characters kept of what a process wrote before it died. */
const lastWordsLength = 4000;

/** Forks a render process. */
export function openChildLink({ environment, entry, log }: ChildLinkOptions): ChildLink {
  const child = forkChild(environment, entry);
  const { pid } = child;
  let alive = true;
  let listener: ((message: ToParent) => void) | undefined;
  let violation: unknown;
  let lastWords = '';

  const kill = () => {
    alive = false;
    killGroup(child);
  };
  const death = new Promise<InferenceError>((resolve) => {
    const bury = (how: string, cause: unknown) => {
      alive = false;
      log.debug({ pid, how }, 'render process ended');
      resolve(new InferenceError('render-process-died', `The render process ended (${how}).${hintAt(how)}`, { cause }));
    };
    // `close`, not `exit`: by then its last messages and last words have been read.
    child.once('close', (code, name) => {
      bury(name ?? `exit code ${code}`, violation ?? (lastWords === '' ? undefined : new Error(lastWords)));
    });
    child.on('error', (error) => {
      if (pid === undefined) bury('it could not be started', error);
    });
  });
  child.once('exit', kill); // what it had started, ffmpeg above all, goes with it
  child.on('message', (raw) => {
    try {
      const message = parseToParent(raw);
      if (message.type === 'log') log.debug({ pid }, message.message);
      else listener?.(message);
    } catch (error) {
      violation = error;
      kill();
    }
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log.debug({ pid }, text.trimEnd());
      lastWords = (lastWords + text).slice(-lastWordsLength);
    });
  }

  const send = (message: ToChild) => {
    // A broken channel belongs to a dying process, whose death is the answer.
    if (child.connected) child.send(message, () => {});
  };
  return {
    pid,
    isAlive: () => alive,
    death,
    listen(next) {
      listener = next;
    },
    send,
    dismiss() {
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
