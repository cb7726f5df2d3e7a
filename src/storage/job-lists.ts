import { flatMapInTurns } from '../util/turns.ts';
import type { FinalNotice } from './final-notice.ts';
import type { Job } from './job.ts';
import type { Database } from './sqlite.ts';
import {
  type DamagedJob,
  findDamagedInTurns,
  type JobRow,
  jobColumns,
  problemOf,
  toFinalNotice,
  toJob,
  unfinishedStates,
} from './stored-rows.ts';

/** Jobs by what is still to be done for them, each list in the order of arrival. */
export interface JobLists {
  /** Jobs that were accepted and not ended; without those of {@link JobLists.damaged}. */
  unfinished(): Promise<Job[]>;
  /** Jobs that wait for something and whose row cannot be read, with what is wrong. They are left as they are. */
  damaged(): Promise<DamagedJob[]>;
  /** A user's clips that could not be delivered. */
  undelivered(userId: string): Promise<Job[]>;
  /** Ended jobs whose requester does not know yet; without those of {@link JobLists.damaged}. */
  pendingNotices(): Promise<{ job: Job; finalNotice: FinalNotice }[]>;
}

/** The lists of an open database. A long one is read over several turns of the event loop. */
export function createJobLists(database: Database): JobLists {
  const selectRow = database.prepare(`SELECT ${jobColumns} FROM jobs WHERE sequence = ?`);
  const listUnfinished = database.prepare(
    `SELECT sequence FROM jobs WHERE state IN ${unfinishedStates} ORDER BY sequence`,
  );
  const listUndelivered = database.prepare(
    `SELECT sequence FROM jobs WHERE state = 'undelivered' AND user_id = ? ORDER BY sequence`,
  );
  const listPendingNotices = database.prepare(
    'SELECT sequence FROM jobs WHERE pending_notice IS NOT NULL ORDER BY sequence',
  );

  /** Rows that can be read. One at a time: what is wrong with one must not hide the others. */
  function rowsOf(list: typeof listPendingNotices, parameters: unknown[] = []): Promise<JobRow[]> {
    return flatMapInTurns(list.all(parameters) as { sequence: number }[], ({ sequence }) => {
      const row = selectRow.get([sequence]) as JobRow | undefined;
      return row === undefined || problemOf(row) !== undefined ? [] : [row];
    });
  }

  return {
    unfinished: async () => (await rowsOf(listUnfinished)).map(toJob),
    damaged: async () => (await findDamagedInTurns(database)).damaged.map(({ id, problem }) => ({ id, problem })),
    undelivered: async (userId) => (await rowsOf(listUndelivered, [userId])).map(toJob),
    pendingNotices: async () =>
      (await rowsOf(listPendingNotices)).map((row) => ({ job: toJob(row), finalNotice: toFinalNotice(row)! })),
  };
}
