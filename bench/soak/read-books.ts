import { z } from 'zod';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { openDatabase } from '../../src/storage/database.ts';

/** What the bot's store says, held against what people saw. */
export interface Books {
  accepted: number;
  delivered: number;
  failed: number;
  cancelled: number;
  /** Jobs without an end, or whose requester saw none; a line each. */
  lost: string[];
  /** Jobs with more than one clip, or a clip and an explanation. */
  twice: string[];
}

const rowsSchema = z.array(
  z.object({
    id: z.string(),
    state: z.string(),
    pending_notice: z.string().nullable(),
    address: z
      .string()
      .transform((text) => z.object({ messageId: z.string(), channelId: z.string() }).parse(JSON.parse(text))),
  }),
);

/** Compares; call it when the bot has ended. */
export function readBooks(dataDir: string, discord: FakeDiscord): Books {
  const database = openDatabase(dataDir);
  const jobs = rowsSchema.parse(database.prepare('SELECT id, state, address, pending_notice FROM jobs').all([]));
  database.close();
  const channels = new Set([
    ...jobs.map(({ address }) => address.channelId),
    ...discord.users().map(({ id }) => discord.openDm(id)),
  ]);
  const messages = [...channels].flatMap((channelId) => discord.messages(channelId));
  const books: Books = { accepted: jobs.length, delivered: 0, failed: 0, cancelled: 0, lost: [], twice: [] };
  for (const { id, state, address, pending_notice } of jobs) {
    const clips = messages.filter((message) =>
      message.attachments.some(({ filename }) => filename.includes(id)),
    ).length;
    const own = discord.message(address.messageId);
    // A failure is told to its requester alone, and the message goes; the store knows whether they were told.
    const isExplained = own ? /⚠️|🚫/u.test(own.content) : state !== 'done' && pending_notice === null;
    if (state === 'done') books.delivered++;
    else if (state === 'failed') books.failed++;
    else if (state === 'cancelled') books.cancelled++;
    if (clips > 1 || (clips === 1 && state !== 'done')) books.twice.push(`${id} ${state}: ${clips} clips`);
    if (state === 'done' ? clips === 0 : !isExplained)
      books.lost.push(`${id} ${state}: "${own?.content ?? 'message gone'}"`);
  }
  return books;
}

/** What is asked of the store while the bot runs. */
export interface OpenBooks {
  /** Ids of jobs that have not ended. */
  underWay(): string[];
  /** Ids of jobs that somebody renders. */
  running(): string[];
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
export function openBooks(dataDir: string): OpenBooks {
  let database: ReturnType<typeof openDatabase> | undefined;
  function ask(question: string): Record<string, string>[] {
    database ??= openDatabase(dataDir);
    return database.prepare(question).all([]) as Record<string, string>[];
  }
  const idsWhere = (condition: string) => ask(`SELECT id FROM jobs WHERE ${condition}`).map(({ id }) => id!);
  return {
    underWay: () => idsWhere("state NOT IN ('done', 'failed', 'cancelled')"),
    running: () => idsWhere("state = 'running'"),
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
