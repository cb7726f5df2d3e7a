import type { Attempt } from '../storage/attempts.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { BlobStore } from './blob-store.ts';
import type { JobFiles } from './job-files.ts';
import { type FileFacts, factsOf, type OutputFile } from './protocol.ts';
import { HttpRefusal } from './request-parts.ts';

/** What {@link createBlobFiles} works with. */
export interface BlobFilesOptions {
  store: BlobStore;
  /** What no other bot's keys begin with. */
  folder: string;
  /** Whether somebody renders the job, as far as the bot's own store knows. */
  isRunning: (jobId: string) => Promise<boolean>;
  clock: Clock;
  log: Log;
}

/** Files that go over a store on the network. */
export interface BlobFiles extends JobFiles {
  /** Deletes what a process before this one left, and from now on what jobs leave that end without a word. */
  start(): void;
}

/** How soon the objects of a job are deleted whose worker says nothing any more, in milliseconds. */
const lookMs = 15_000;

/** The whole folder is looked through every so many looks: an hour. */
const looksPerSweep = 240;

/**
 * Files that go over a store on the network: the bot puts there what a worker needs and hands out links; the worker brings
 * the clip by links; the bot fetches it, checks it and deletes all. What is kept is kept by the bot.
 */
export function createBlobFiles({ store, folder, isRunning, clock, log }: BlobFilesOptions): BlobFiles {
  /** Objects that were put there by this process. */
  const there = new Map<string, Promise<void>>();
  /** The attempt of each job that may have objects. */
  const live = new Map<string, Attempt>();
  const removing = new Set<Promise<unknown>>();
  let cancelTimer = () => {};
  let looks = 0;

  const under = ({ jobId, number }: Attempt) => `${folder}/${jobId}/${number}/`;
  const keyOf = (attempt: Attempt, name: OutputFile, { sha256 }: FileFacts) => `${under(attempt)}${name}-${sha256}`;

  async function bring(key: string, bytes: Uint8Array): Promise<void> {
    const putting = there.get(key) ?? store.put(key, bytes);
    there.set(key, putting);
    try {
      await putting;
    } catch (error) {
      there.delete(key);
      throw error;
    }
  }

  function remove(prefix: string, isKept?: (key: string) => boolean): void {
    for (const key of there.keys()) if (key.startsWith(prefix) && !isKept?.(key)) there.delete(key);
    const done = store
      .remove(prefix, isKept)
      .catch((err: unknown) =>
        log.debug({ err }, 'objects could not be deleted from the blob store; the next sweep does'),
      )
      .finally(() => removing.delete(done));
    removing.add(done);
  }

  function drop(attempt: Attempt): void {
    if (live.get(attempt.jobId)?.number === attempt.number) live.delete(attempt.jobId);
    remove(under(attempt));
  }

  async function look(): Promise<void> {
    try {
      for (const attempt of [...live.values()]) if (!(await isRunning(attempt.jobId))) drop(attempt);
      if (looks++ % looksPerSweep === 0) await sweep();
    } catch (err) {
      log.debug({ err }, 'the blob store could not be looked through; trying again');
    }
    cancelTimer = clock.after(lookMs, () => void look());
  }

  async function sweep(): Promise<void> {
    const jobs = new Set((await store.list(`${folder}/`)).map((key) => key.split('/')[1] ?? ''));
    const running = new Set<string>();
    for (const id of jobs) if (await isRunning(id)) running.add(id);
    // Parts of objects are in no list.
    await store.remove(`${folder}/`, (key) => {
      const id = key.split('/')[1] ?? '';
      return running.has(id) || live.has(id);
    });
  }

  return {
    uploads: 'store',
    async send({ request, response, ticket: { attempt } }, { name, bytes }) {
      request.resume();
      const key = under(attempt) + name;
      live.set(attempt.jobId, attempt);
      await bring(key, bytes);
      response.writeHead(307, { location: await store.linkToGet(key), 'cache-control': 'no-store' }).end();
    },
    receive: async () => {
      throw new HttpRefusal(404);
    },
    async plan({ attempt, limits }, name, facts) {
      if (facts.bytes > limits[name]) throw new HttpRefusal(413);
      live.set(attempt.jobId, attempt);
      return store.planUpload(keyOf(attempt, name, facts), facts.bytes);
    },
    async take(attempt, name, facts) {
      const key = keyOf(attempt, name, facts);
      const bytes = await store.get(key, facts.bytes);
      const found = bytes && (await factsOf(bytes));
      const isRight = found?.bytes === facts.bytes && found.sha256 === facts.sha256;
      // A checkpoint is stored at once, and what arrived damaged has to come again.
      if (bytes !== undefined && (name === 'checkpoint' || !isRight)) remove(key);
      return isRight ? bytes : undefined;
    },
    begin(attempt) {
      live.set(attempt.jobId, attempt);
      remove(`${folder}/${attempt.jobId}/`, (key) => key.startsWith(under(attempt)));
    },
    drop,
    start: () => void look(),
    async close() {
      cancelTimer();
      await Promise.all(removing);
    },
  };
}
