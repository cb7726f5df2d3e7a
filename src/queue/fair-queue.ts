import PQueue, { type Queue, type QueueAddOptions } from 'p-queue';
import type { Job } from '../storage/job.ts';

type Run = () => Promise<unknown>;

/** What p-queue hands to {@link FairQueue.enqueue}. */
export interface FairQueueOptions extends QueueAddOptions {
  job: Job;
}

interface Entry {
  job: Job;
  run: Run;
  /** The round that was being served when the job came. */
  arrivalRound: number;
}

/**
 * Jobs that wait, in fair order: served in rounds, in each of which every user who waits gets one job, in the order of
 * arrival. Who comes later starts in the round of that moment, so that neither a user with many jobs nor a stream of new
 * users can hold anybody up for good.
 *
 * It is p-queue's `queueClass`: p-queue adds the jobs and takes them out; the other methods are for whoever shows the order
 * or takes a waiting job out.
 */
export class FairQueue implements Queue<Run, FairQueueOptions> {
  /** Names a job that is not taken while another one waits. */
  passedOver: () => string | undefined = () => undefined;
  #entries: Entry[] = [];
  #round = 0;
  /** The round of each user's job that was taken last. */
  readonly #lastRounds = new Map<string, number>();

  get size(): number {
    return this.#entries.length;
  }

  enqueue(run: Run, options?: Partial<FairQueueOptions>): void {
    if (options?.job === undefined) throw new TypeError('Only jobs are queued here.');
    this.#entries.push({ job: options.job, run, arrivalRound: this.#round });
  }

  dequeue(): Run | undefined {
    const all = this.#inOrder();
    const passedOver = this.passedOver();
    const next = all.find(({ entry }) => entry.job.id !== passedOver) ?? all[0];
    if (next === undefined) return undefined;
    this.#entries = this.#entries.filter((entry) => entry !== next.entry);
    this.#round = Math.max(this.#round, next.round);
    this.#lastRounds.set(next.entry.job.userId, Math.max(next.round, 0));
    const waitingUsers = new Set(this.#entries.map(({ job }) => job.userId));
    for (const [userId, last] of this.#lastRounds) {
      if (last < this.#round && !waitingUsers.has(userId)) this.#lastRounds.delete(userId);
    }
    return next.entry.run;
  }

  /** Those of a job, or all. */
  filter({ job }: Readonly<Partial<FairQueueOptions>>): Run[] {
    return this.#inOrder()
      .filter(({ entry }) => job === undefined || entry.job.id === job.id)
      .map(({ entry }) => entry.run);
  }

  /** Takes that job out; false where it does not wait. */
  remove(id: string): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter(({ job }) => job.id !== id);
    return this.#entries.length < before;
  }

  /** @throws TypeError always: the order is fair, nobody goes first */
  setPriority(): never {
    throw new TypeError('Jobs have no priority.');
  }

  /** In the order in which they run if nobody else comes. */
  jobs(): Job[] {
    return this.#inOrder().map(({ entry }) => entry.job);
  }

  #inOrder(): { entry: Entry; round: number }[] {
    const rounds = new Map(this.#lastRounds);
    return (
      this.#entries
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
}

/** p-queue over a {@link FairQueue}, with the queue, which p-queue makes itself and shows to nobody. */
export function createFairPQueue(concurrency: number): {
  tasks: PQueue<FairQueue, FairQueueOptions>;
  waiting: FairQueue;
} {
  const made: FairQueue[] = [];
  class KnownFairQueue extends FairQueue {
    constructor() {
      super();
      made.push(this);
    }
  }
  const tasks = new PQueue<FairQueue, FairQueueOptions>({ concurrency, queueClass: KnownFairQueue });
  return { tasks, waiting: made[0]! };
}
