import type { ChildProcess } from 'node:child_process';
import { InferenceError, UserError } from '../errors.ts';
import { checkFile, limitsOf, type PicturePolicy } from '../media/check-file.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type CheckAnswer, type CheckedPicture, type CheckRequest, parseCheckAnswer } from './check-messages.ts';
import { forkChild, killGroup } from './fork-child.ts';
import { createChannelSender } from './large-messages.ts';
import { fromWireError } from './wire-error.ts';

/** What a checker works with. */
export interface PictureCheckerOptions {
  /** The caller's environment; the process gets an allow-list of it, never a token. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Whose pictures, and how large they may be; left out: what strangers may send. */
  pictures?: PicturePolicy;
  /** The process ends after this long without a picture. Default 60 s. */
  idleSeconds?: number;
  clock?: Clock;
  /** Gets what {@link PictureChecker.checkBeforeQueueing} lets pass. Default: nobody does. */
  log?: Pick<Log, 'warn'>;
  /** Another file for the process: tests only. */
  entry?: URL;
}

/** Looks at pictures before anything is done for them, in a process of its own that is free while clips are rendered. */
export interface PictureChecker {
  /**
   * Decodes a picture, within the limits, and says what it is. Pictures are looked at one after the other.
   * @throws UserError it cannot be read, with one of `pictureErrorCodes`
   * @throws InferenceError `picture-check-died`: the decoder took its process down, or hung
   */
  check(bytes: Uint8Array): Promise<CheckedPicture>;
  /**
   * How the bot looks at a picture before its job waits, and before cooldown and quota count it: at its first bytes here,
   * then by decoding it elsewhere. Where that process died, which may be the machine's fault, the job is let in: the
   * render, which is tried twice, decides.
   * @throws UserError as {@link check}, or `picture-blank`: it is wholly white or empty
   */
  checkBeforeQueueing(bytes: Uint8Array): Promise<void>;
  /** Ends the process. */
  close(): void;
}

const isSource = import.meta.url.endsWith('.ts');
const defaultEntry = new URL(isSource ? './check-child.ts' : './check-child.js', import.meta.url);

/** Beyond the time that decoding may take: for starting the process, and a second try at an odd file. */
const startSeconds = 30;

/** Makes a checker; its process is started for the first picture. */
export function createPictureChecker(options: PictureCheckerOptions): PictureChecker {
  const { environment, pictures, idleSeconds = 60, clock = systemClock, log, entry = defaultEntry } = options;
  const timeoutMs = (2 * limitsOf(pictures).maxSeconds + startSeconds) * 1000;
  let child: ChildProcess | undefined;
  let cancelIdle = () => {};
  let lastId = 0;
  /** Settles when everything asked for so far is over. Never rejects. */
  let tail: Promise<unknown> = Promise.resolve();

  function close(): void {
    cancelIdle();
    if (child !== undefined) killGroup(child);
    child = undefined;
  }

  async function checkNow(bytes: Uint8Array): Promise<CheckedPicture> {
    cancelIdle();
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      child = forkChild(environment, entry);
      // Nobody else reads what it writes: a full pipe would hold it up.
      child.stdout?.resume();
      child.stderr?.resume();
    }
    lastId += 1;
    const request: CheckRequest = { id: lastId, bytes, pictures };
    const cancelTimeout = clock.after(timeoutMs, close);
    try {
      const answer = await ask(child, request);
      if (answer.type === 'failed') throw fromWireError(answer.error);
      return answer.picture;
    } catch (error) {
      if (error instanceof InferenceError) close();
      throw error;
    } finally {
      cancelTimeout();
      cancelIdle = clock.after(idleSeconds * 1000, close);
    }
  }

  function check(bytes: Uint8Array): Promise<CheckedPicture> {
    const checked = tail.then(() => checkNow(bytes));
    tail = checked.catch(() => {});
    return checked;
  }

  return {
    check,
    async checkBeforeQueueing(bytes) {
      checkFile(bytes);
      const checked = await check(bytes).catch((err: unknown) => {
        if (err instanceof UserError) throw err;
        log?.warn({ err }, 'a picture could not be looked at before it waits');
      });
      if (!checked?.isBlank) return;
      throw new UserError('picture-blank', 'There is nothing to see in this picture: it is wholly white or empty.');
    },
    close,
  };
}

/** @throws InferenceError the process ended, or said something that is no answer */
function ask(child: ChildProcess, request: CheckRequest): Promise<CheckAnswer> {
  return new Promise((resolve, reject) => {
    const died = (cause: unknown) => {
      settle();
      reject(new InferenceError('picture-check-died', 'The process that looks at pictures ended.', { cause }));
    };
    const onExit = (code: number | null, name: string | null) => died(new Error(name ?? `exit code ${code}`));
    const onMessage = (message: unknown) => {
      try {
        const answer = parseCheckAnswer(message);
        if (answer.id !== request.id) return;
        settle();
        resolve(answer);
      } catch (error) {
        died(error);
      }
    };
    const settle = () => {
      child.off('exit', onExit).off('error', died).off('message', onMessage);
    };
    child.on('exit', onExit).on('error', died).on('message', onMessage);
    const send = createChannelSender((message, done) => child.send(message as CheckRequest, done));
    send(request).catch(died);
  });
}
