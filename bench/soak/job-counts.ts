import { z } from 'zod';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { type Clock, sleep } from '../../src/util/clock.ts';

/** What the bot's store says, held against what people saw. */
export interface JobCounts {
  accepted: number;
  delivered: number;
  failed: number;
  cancelled: number;
  /** Jobs that the bot had yet to bring to an end when it was stopped: neither lost nor delivered; a line each. */
  unfinished: string[];
  /** Jobs whose requester saw no end, although there was one; a line each. */
  lost: string[];
  /** Jobs with more than one clip, or a clip and another end; a line each. */
  twice: string[];
  /** Previews that are still to be seen of jobs that have ended. */
  previews: number;
}

/** Whose clip, or variations, a file is, by its name; undefined for all else, previews too. */
export function jobOfClip(filename: string): string | undefined {
  return /^(?:SPOILER_)?kinora-([0-9a-f]{8})-/.exec(filename)?.[1];
}

/** Whose preview a file is, by its name. */
function jobOfPreview(filename: string): string | undefined {
  return /^(?:SPOILER_)?preview-([0-9a-f]{8})-/.exec(filename)?.[1];
}

/** How a job may stand that the bot goes on with by itself; SQL. A clip that could be posted nowhere is its requester's to fetch. */
const isUnfinished = "(state NOT IN ('done', 'failed', 'cancelled', 'undelivered') OR pending_notice IS NOT NULL)";

const rowsSchema = z.array(
  z.object({
    id: z.string(),
    state: z.string(),
    is_unfinished: z.number().transform((value) => value === 1),
    address: z
      .string()
      .transform((text) => z.object({ messageId: z.string(), channelId: z.string() }).parse(JSON.parse(text))),
  }),
);

/** Compares; call it when the bot has ended. */
export function countJobs(
  dataDir: string,
  discord: Pick<FakeDiscord, 'users' | 'openDm' | 'message' | 'messages'>,
): JobCounts {
  const database = openDatabase(dataDir);
  const jobs = rowsSchema.parse(
    database.prepare(`SELECT id, state, address, ${isUnfinished} AS is_unfinished FROM jobs`).all([]),
  );
  database.close();
  const channels = new Set([
    ...jobs.map(({ address }) => address.channelId),
    ...discord.users().map(({ id }) => discord.openDm(id)),
  ]);
  const files = [...channels]
    .flatMap((channelId) => discord.messages(channelId))
    .flatMap(({ attachments }) => attachments.map(({ filename }) => filename));
  const count = (jobOf: (filename: string) => string | undefined, id: string) =>
    files.filter((filename) => jobOf(filename) === id).length;
  const counts: JobCounts = {
    accepted: jobs.length,
    delivered: 0,
    failed: 0,
    cancelled: 0,
    previews: 0,
    unfinished: [],
    lost: [],
    twice: [],
  };
  for (const { id, state, address, is_unfinished } of jobs) {
    const clips = count(jobOfClip, id);
    const own = discord.message(address.messageId);
    const line = `${id} ${state}: "${own?.content ?? 'message gone'}"`;
    const isOver = !is_unfinished;
    if (clips > 1 || (clips === 1 && isOver && state !== 'done')) counts.twice.push(`${id} ${state}: ${clips} clips`);
    if (!isOver) {
      counts.unfinished.push(line);
      continue;
    }
    // A failure is told to its requester alone, and the message goes; the store knows that they were told.
    const isExplained = own === undefined || /⚠️|🚫/u.test(own.content);
    if (state === 'done' ? clips === 0 : !isExplained) counts.lost.push(line);
    counts.previews += count(jobOfPreview, id);
    if (state === 'done') counts.delivered++;
    else if (state === 'failed') counts.failed++;
    else if (state === 'cancelled') counts.cancelled++;
  }
  return counts;
}

/** What is asked of the store while the bot runs. */
export interface StoreView {
  /** Ids of jobs that have not ended. */
  underWay(): string[];
  /** Ids of jobs that somebody renders. */
  running(): string[];
  /** Jobs that the bot has yet to bring to an end, or to tell of it; a line each. */
  unfinished(): string[];
  /** How a job stands. */
  stateOf(jobId: string): string | undefined;
  /** The ids of jobs, by those of the messages in which the bot tells of them. */
  messages(): ReadonlyMap<string, string>;
  close(): void;
}

/**
 * Looks into the store of a bot that runs, or has yet to start. By one connection: to open the store is to check all of it and
 * to write its log back, which would hold up the stand-in here and the bot there.
 */
export function openStoreView(dataDir: string): StoreView {
  let database: ReturnType<typeof openDatabase> | undefined;
  function ask(question: string): Record<string, string>[] {
    database ??= openDatabase(dataDir);
    return database.prepare(question).all([]) as Record<string, string>[];
  }
  const idsWhere = (condition: string) => ask(`SELECT id FROM jobs WHERE ${condition}`).map(({ id }) => id!);
  return {
    underWay: () => idsWhere("state NOT IN ('done', 'failed', 'cancelled')"),
    running: () => idsWhere("state = 'running'"),
    unfinished: () => ask(`SELECT id, state FROM jobs WHERE ${isUnfinished}`).map(({ id, state }) => `${id} ${state}`),
    stateOf: (jobId) => ask('SELECT id, state FROM jobs').find(({ id }) => id === jobId)?.state,
    close: () => database?.close(),
    messages: () =>
      new Map(
        ask("SELECT id, json_extract(address, '$.messageId') AS message FROM jobs").map((row) => [
          row.message!,
          row.id!,
        ]),
      ),
  };
}

/** What {@link waitForEnds} works with. */
export interface WaitForEndsOptions {
  clock: Clock;
  /** So long at most, in milliseconds. */
  limitMs: number;
}

/** Between two looks, in milliseconds. */
const lookGapMs = 250;

/**
 * Resolves when the bot has brought every job of its store to an end: people do not hear of each, where a message is gone.
 * Resolves with a line for each that has none after the limit.
 */
export async function waitForEnds(
  stored: Pick<StoreView, 'unfinished'>,
  { clock, limitMs }: WaitForEndsOptions,
): Promise<string[]> {
  const untilMs = clock.now() + limitMs;
  while (stored.unfinished().length > 0 && clock.now() < untilMs) await sleep(clock, lookGapMs);
  return stored.unfinished();
}
