import type { Job } from '../storage/job.ts';

/** Jobs that wait, in fair order: round robin over users, then arrival. */
export interface FairQueue {
  add(job: Job): void;
  /** Takes out the job that is next; not `besides`, where another one waits. */
  take(besides?: string): Job | undefined;
  /** Takes out that job; false where it does not wait. */
  remove(id: string): boolean;
  /** In the order in which they run if nobody else comes. */
  jobs(): Job[];
}

interface Entry {
  job: Job;
  /** The round that was being served when the job came. */
  arrivalRound: number;
}

/**
 * A line served in rounds: in each, every user who waits gets one job. Who comes later starts in the round of that
 * moment, so that neither a user with many jobs nor a stream of new users can hold anybody up for good.
 */
export function createFairQueue(): FairQueue {
  let entries: Entry[] = [];
  let round = 0;
  /** The round of each user's job that was taken last. */
  const lastRounds = new Map<string, number>();

  function inOrder(): { entry: Entry; round: number }[] {
    const rounds = new Map(lastRounds);
    return (
      entries
        .map((entry) => {
          const { userId, state } = entry.job;
          const own = Math.max(entry.arrivalRound, (rounds.get(userId) ?? -1) + 1);
          rounds.set(userId, own);
          // Begun before and broken off: its turn was already there.
          return { entry, round: state === 'interrupted' ? -1 : own };
        })
        // The sort is stable: within a round, arrival decides.
        .sort((a, b) => a.round - b.round)
    );
  }

  return {
    add: (job) => void entries.push({ job, arrivalRound: round }),
    take(besides) {
      const all = inOrder();
      const next = all.find(({ entry }) => entry.job.id !== besides) ?? all[0];
      if (next === undefined) return undefined;
      entries = entries.filter((entry) => entry !== next.entry);
      round = Math.max(round, next.round);
      lastRounds.set(next.entry.job.userId, Math.max(next.round, 0));
      const waitingUsers = new Set(entries.map(({ job }) => job.userId));
      for (const [userId, last] of lastRounds) {
        if (last < round && !waitingUsers.has(userId)) lastRounds.delete(userId);
      }
      return next.entry.job;
    },
    remove(id) {
      const before = entries.length;
      entries = entries.filter(({ job }) => job.id !== id);
      return entries.length < before;
    },
    jobs: () => inOrder().map(({ entry }) => entry.job),
  };
}
