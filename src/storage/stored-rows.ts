import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { StorageError } from '../errors.ts';
import { fitSchema, storedFormSchema } from '../settings/clip-form.ts';
import { storedSettingsSchema } from '../settings/image-to-video.ts';
import { flatMapInTurns } from '../util/turns.ts';
import { type FinalNotice, finalNoticeSchema } from './final-notice.ts';
import { clipChanges, type Job, type JobParent, jobStates, type NewJob } from './job.ts';
import type { Database } from './sqlite.ts';

const parentSchema = z.object({
  id: z.string(),
  use: z.enum(['render', 'extend', 'reencode'] satisfies JobParent['use'][]),
  change: z.enum(clipChanges).optional(),
  variation: z.object({ number: z.int().positive(), of: z.int().positive() }).optional(),
  link: z.string().optional(),
});

const stateSchema = z.enum(jobStates);

/** For SQL: states of jobs that were accepted and not ended. */
export const unfinishedStates = "('queued', 'running', 'interrupted', 'delivering')";

/** For SQL: states that a job never leaves. */
export const finalStates = "('done', 'failed', 'cancelled')";

/** Columns of {@link JobRow}. Text as bytes: libsql ends the process where text is not valid UTF-8. */
export const jobColumns = [
  'sequence',
  ...['id', 'state', 'user_id', 'guild_id', 'address', 'settings', 'fit', 'form', 'parent', 'pending_notice'].map(
    (name) => `CAST(${name} AS BLOB) AS ${name}`,
  ),
  ...['max_bytes', 'attempts', 'created_at_ms', 'rendered_at_ms', 'finished_at_ms', 'has_end_picture', 'reseeds'],
].join(', ');

/** A row of `jobs` as it is read with {@link jobColumns}. */
export interface JobRow {
  sequence: number;
  id: Uint8Array;
  state: Uint8Array;
  user_id: Uint8Array;
  guild_id: Uint8Array | null;
  address: Uint8Array;
  settings: Uint8Array;
  fit: Uint8Array;
  form: Uint8Array | null;
  parent: Uint8Array | null;
  pending_notice: Uint8Array | null;
  max_bytes: number;
  attempts: number;
  created_at_ms: number;
  rendered_at_ms: number | null;
  finished_at_ms: number | null;
  has_end_picture: number;
  reseeds: number;
}

/** What a job's row has besides what was asked for. */
interface NewRow {
  id: string;
  createdAtMs: number;
  pictureId: number;
  endPictureId: number | undefined;
}

/** Writes the row of a job that is taken in. */
export function createJobInsert(database: Database): (job: NewJob, row: NewRow) => void {
  const insert = database.prepare(
    `INSERT INTO jobs
       (id, state, user_id, guild_id, address, settings, fit, max_bytes, created_at_ms, form, parent, picture_id,
        unique_key, has_end_picture, end_picture_id)
     VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (job, { id, createdAtMs, pictureId, endPictureId }) => {
    const { userId, guildId, address, settings, fit, maxBytes, uniqueKey = null } = job;
    const columns = [id, userId, guildId, JSON.stringify(address), JSON.stringify(settings), fit, maxBytes];
    const own = [createdAtMs, jsonOrNull(job.form), jsonOrNull(job.parent), pictureId, uniqueKey];
    insert.run([...columns, ...own, endPictureId === undefined ? 0 : 1, endPictureId ?? null]);
  };
}

/** A job whose row, or whose final notice, cannot be read: it is left alone and told of, and the others go on. */
export interface DamagedJob {
  id: string;
  /** What is wrong, without anything of the row's content, which may be secret. */
  problem: string;
}

/**
 * The job of a row.
 *
 * @throws StorageError `job-damaged`: the row holds what Kinora cannot have written
 */
export function toJob(row: JobRow): Job {
  return {
    id: decodeText('id', row.id),
    state: parse('state', decodeText('state', row.state), stateSchema),
    userId: decodeText('user_id', row.user_id),
    guildId: row.guild_id && decodeText('guild_id', row.guild_id),
    // Whose it is knows its shape; here it has to be JSON.
    address: parseStored('address', row.address, z.unknown()),
    settings: parseStored('settings', row.settings, storedSettingsSchema),
    fit: parse('fit', decodeText('fit', row.fit), fitSchema),
    ...(row.form && { form: parseStored('form', row.form, storedFormSchema) }),
    ...(row.has_end_picture === 1 && { hasEndPicture: true as const }),
    ...(row.parent && { parent: parseStored('parent', row.parent, parentSchema) as JobParent }),
    maxBytes: row.max_bytes,
    attempts: row.attempts,
    createdAtMs: row.created_at_ms,
    ...(row.rendered_at_ms !== null && { renderedAtMs: row.rendered_at_ms }),
    ...(row.finished_at_ms !== null && { finishedAtMs: row.finished_at_ms }),
    ...(row.reseeds > 0 && { reseeds: row.reseeds }),
  };
}

/**
 * What the requester still has to be told; undefined where that is nothing.
 *
 * @throws StorageError `job-damaged`
 */
export function toFinalNotice({ pending_notice: stored }: JobRow): FinalNotice | undefined {
  return stored === null ? undefined : parseStored('pending_notice', stored, finalNoticeSchema);
}

/** What is wrong with a row; undefined where nothing is. */
export function problemOf(row: JobRow): string | undefined {
  try {
    toJob(row);
    toFinalNotice(row);
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) return error.message;
    throw error;
  }
}

/** A damaged job with its row. */
type DamagedRow = DamagedJob & { row: JobRow };

/** Damaged jobs among those that wait for something, in the order of arrival. */
export function findDamaged(database: Database): DamagedRow[] {
  const { sequences, look } = lookForDamage(database);
  return sequences.flatMap(look);
}

/** As {@link findDamaged}, in several turns of the event loop: `look` says of a row that was found what holds now. */
export async function findDamagedInTurns(
  database: Database,
): Promise<{ damaged: DamagedRow[]; look: (sequence: number) => DamagedRow[] }> {
  const { sequences, look } = lookForDamage(database);
  return { damaged: await flatMapInTurns(sequences, look), look };
}

function lookForDamage(database: Database) {
  // States that Kinora does not know are among them.
  const waiting = database.prepare(
    `SELECT sequence FROM jobs WHERE state NOT IN ${finalStates} OR pending_notice IS NOT NULL ORDER BY sequence`,
  );
  const select = database.prepare(`SELECT ${jobColumns} FROM jobs WHERE sequence = ?`);
  const look = (sequence: number): DamagedRow[] => {
    const row = select.get([sequence]) as JobRow | undefined;
    const problem = row && problemOf(row);
    return problem === undefined ? [] : [{ id: idOf(row!), problem, row: row! }];
  };
  return { sequences: (waiting.all([]) as { sequence: number }[]).map(({ sequence }) => sequence), look };
}

/** The id of a row in which anything may be damaged, the id too. */
function idOf({ id, sequence }: JobRow): string {
  const text = new TextDecoder().decode(id);
  return /^[0-9a-f]{8}$/.test(text) ? text : `row ${sequence}`;
}

/**
 * A column of JSON text in the shape of `schema`.
 *
 * @throws StorageError `job-damaged`
 */
export function parseStored<T>(column: string, stored: Uint8Array, schema: z.ZodType<T>): T {
  const text = decodeText(column, stored);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw damaged(column, 'is not JSON');
  }
  return parse(column, value, schema);
}

function parse<T>(column: string, value: unknown, schema: z.ZodType<T>): T {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data as T;
  const [issue] = error.issues;
  const place = [column, ...(issue?.path ?? [])].join('.');
  if (issue?.code === 'unrecognized_keys') {
    throw damaged(place, 'has what this version of Kinora does not know; a newer one may have written it');
  }
  throw damaged(place, `does not have its shape (${issue?.code})`);
}

function decodeText(column: string, stored: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(stored);
  } catch {
    throw damaged(column, 'is not text');
  }
}

function damaged(column: string, problem: string): StorageError {
  return new StorageError('job-damaged', `${column} ${problem}`, { scope: 'job' });
}

/** A column of JSON text that may be left out. */
export function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** An id that no job has: eight hexadecimal digits. */
export function freshId(isTaken: (id: string) => boolean): string {
  let id: string;
  do id = randomBytes(4).toString('hex');
  while (isTaken(id));
  return id;
}
