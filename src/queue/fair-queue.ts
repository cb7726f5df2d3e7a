import type { Job } from '../storage/job.ts';

interface Entry {
  job: Job;
  /** The round that was being served when the job came. */
  arrivalRound: number;
}

/**
 * Jobs that wait, in fair order: served in rounds, in each of which every user who waits gets one job, in the order of
 * arrival. Who comes later starts in the round of that moment, so that neither a user with many jobs nor a stream of new
 * users can hold anybody up for good.
 */
export class FairQueue {
  #entries: Entry[] = [];
  /** What {@link FairQueue.#inOrder} found last; undefined once something has changed since. */
  #order: { entry: Entry; round: number }[] | undefined;
  #round = 0;
  /** So many are taken before newcomers join the next round: as many as waited when this one began. */
  #left = 0;
  /** The round of each user's job that was taken last. */
  readonly #lastRounds = new Map<string, number>();

  get size(): number {
    return this.#entries.length;
  }

  add(job: Job): void {
    this.#entries.push({ job, arrivalRound: this.#round });
    this.#order = undefined;
  }

  /**
   * Takes out whose turn it is.
   * @param passedOver the id of a job that is not taken while another one waits
   * @param mayRun whether a job can be taken at all; those that cannot keep their places
   */
  take(passedOver?: string, mayRun: (job: Job) => boolean = () => true): Job | undefined {
    const all = this.#inOrder();
    const next =
      all.find(({ entry: { job } }) => job.id !== passedOver && mayRun(job)) ??
      all.find(({ entry: { job } }) => job.id === passedOver && mayRun(job));
    if (next === undefined) return undefined;
    this.#entries = this.#entries.filter((entry) => entry !== next.entry);
    this.#order = undefined;
    if (next.round > this.#round || this.#left === 0) this.#left = all.length;
    this.#round = Math.max(this.#round, next.round);
    this.#left--;
    // Else a stream of newcomers, each in this round, would keep the next one from ever beginning.
    if (this.#left === 0 && this.#entries.length > 0) this.#round++;
    this.#lastRounds.set(next.entry.job.userId, Math.max(next.round, 0));
    const waitingUsers = new Set(this.#entries.map(({ job }) => job.userId));
    for (const [userId, last] of this.#lastRounds) {
      if (last < this.#round && !waitingUsers.has(userId)) this.#lastRounds.delete(userId);
    }
    return next.entry.job;
  }

  /** Takes that job out; undefined where it does not wait. */
  remove(id: string): Job | undefined {
    const found = this.#entries.find(({ job }) => job.id === id);
    if (found === undefined) return undefined;
    this.#entries = this.#entries.filter((entry) => entry !== found);
    this.#order = undefined;
    return found.job;
  }

  /** In the order in which they run if nobody else comes. */
  jobs(): Job[] {
    return this.#inOrder().map(({ entry }) => entry.job);
  }

  /** Kept between changes: everybody who waits is told their place at every event of a running job. */
  #inOrder(): { entry: Entry; round: number }[] {
    this.#order ??= this.#sort();
    return this.#order;
  }

  #sort(): { entry: Entry; round: number }[] {
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
