import { UserError } from '../errors.ts';
import type { Attempt } from '../storage/attempts.ts';
import { type FinalNotice, finalNoticeOf } from '../storage/final-notice.ts';
import type { FinalJobState, Job } from '../storage/job.ts';
import type { JobEnd, JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Deliveries, DeliveryOutcome } from './deliveries.ts';
import type { JobListener } from './job-listener.ts';
import type { PendingWrites } from './pending-writes.ts';

/** What {@link createJobEndings} works with. */
export interface JobEndingsOptions {
  store: Pick<JobStore, 'finish' | 'notified' | 'keepUndelivered'>;
  write: PendingWrites['write'];
  deliveries: Pick<Deliveries, 'clip' | 'notice'>;
  listener: Pick<JobListener, 'failed'>;
  clock: Clock;
  log: Log;
  /** The job is rendered no more. */
  onEnd: (job: Job) => void;
}

interface EndOptions {
  state: FinalJobState;
  error?: unknown;
  pendingNotice?: FinalNotice;
  /** Whose end it is; left out: the queue's own decision. */
  attempt?: Attempt;
}

/** How jobs end: what the store keeps of that, and what their requesters are brought or told. */
export function createJobEndings(options: JobEndingsOptions) {
  const { store, write, deliveries, listener, clock, log, onEnd } = options;

  /**
   * Stores how a job ended; resolves when that was tried once, and goes on trying afterwards. False where the job had ended
   * already, or belongs to another attempt: then nobody is to be told.
   */
  async function end(job: Job, { state, error, pendingNotice, attempt }: EndOptions): Promise<boolean> {
    const errorCode = error instanceof UserError ? error.code : error === undefined ? undefined : 'broken';
    const jobEnd: JobEnd = {
      state,
      finishedAtMs: clock.now(),
      ...(errorCode && { errorCode }),
      ...(pendingNotice && { pendingNotice }),
      ...(attempt && { attempt }),
    };
    onEnd(job);
    let isRefused = false;
    await write(job.id, async () => {
      isRefused = (await store.finish(job.id, jobEnd)) === undefined;
    });
    if (isRefused) log.warn({ jobId: job.id, state }, 'a job had ended already, or is rendered elsewhere; it stays so');
    else log.info({ jobId: job.id, state, errorCode }, 'job ended');
    return !isRefused;
  }

  async function fail(job: Job, error: unknown, attempt?: Attempt): Promise<void> {
    if (!(error instanceof UserError)) log.error({ jobId: job.id, err: error }, 'job failed');
    const pendingNotice = finalNoticeOf(error);
    if (!(await end(job, { state: 'failed', error, pendingNotice, ...(attempt && { attempt }) }))) return;
    notify(job, clock.now(), () => listener.failed({ ...job, state: 'failed' }, error));
  }

  /** The store remembers that the requester has to be told until they were: the process may die in between. */
  function notify(job: Job, sinceMs: number, send: () => Promise<void>): void {
    deliveries.notice(job, { sinceMs, send, notified: () => write(job.id, () => store.notified(job.id)) });
  }

  function deliver(job: Job): void {
    onEnd(job);
    deliveries.clip(job, (outcome) => conclude(job, outcome));
  }

  async function conclude(job: Job, outcome: DeliveryOutcome): Promise<void> {
    if (outcome.kind === 'delivered') await end(job, { state: 'done' });
    else if (outcome.kind === 'failed') await fail(job, outcome.error);
    else await keepUndelivered(job, outcome.error);
  }

  async function keepUndelivered(job: Job, err: unknown): Promise<void> {
    log.warn({ jobId: job.id, err }, 'the clip could not be posted anywhere; it is kept for its requester');
    await write(job.id, () => store.keepUndelivered(job.id));
    // Words may get through where files do not. They are not kept: `/queue` says the same.
    const notice = new UserError('clip-undeliverable', 'The clip is kept; /queue offers it.');
    const send = () => listener.failed(job, notice);
    deliveries.notice(job, { sinceMs: clock.now(), send, notified: async () => {} });
  }

  return { end, fail, notify, deliver };
}
