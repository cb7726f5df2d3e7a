import { z } from 'zod';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { openDatabase } from '../../src/storage/database.ts';

/** What the bot's store says, held against what people saw. */
export interface Repositories {
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
export function readBooks(dataDir: string, discord: FakeDiscord): Repositories {
  const database = openDatabase(dataDir);
  const jobs = rowsSchema.parse(database.prepare('SELECT id, state, address, pending_notice FROM jobs').all([]));
  database.close();
  const channels = new Set([
    ...jobs.map(({ address }) => address.channelId),
    ...discord.users().map(({ id }) => discord.openDm(id)),
  ]);
  const messages = [...channels].flatMap((channelId) => discord.messages(channelId));
  const books: Repositories = { accepted: jobs.length, delivered: 0, failed: 0, cancelled: 0, lost: [], twice: [] };
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
