import { InferenceError } from '../errors.ts';
import { errorOf } from '../storage/final-notice.ts';
import type { Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { JobEndings } from './job-endings.ts';
import type { JobListener } from './job-listener.ts';
import type { JobRunner } from './job-runner.ts';
import { maxAttempts } from './judge-failure.ts';
import { localHolders } from './lease-keeper.ts';

/** What {@link resumeJobs} works with. */
export interface ResumeOptions {
  store: JobStore;
  runner: Pick<JobRunner, 'add' | 'writes'>;
  endings: Pick<JobEndings, 'fail' | 'notify' | 'deliver'>;
  listener: Pick<JobListener, 'failed' | 'cancelled'>;
  leaseMs: number;
  clock: Clock;
  log: Log;
}

/** Takes up what an earlier process left behind: notices that nobody heard, jobs that wait, ran, or are to be delivered. */
export async function resumeJobs(options: ResumeOptions): Promise<void> {
  const { store, runner, endings, listener, leaseMs, clock, log } = options;
  for (const { id, problem } of await store.damaged()) {
    log.error({ job: id, problem }, 'a stored job cannot be read; it is set aside, the others go on');
  }
  for (const { job, finalNotice } of await store.pendingNotices()) {
    const error = errorOf(finalNotice);
    endings.notify(job, job.finishedAtMs ?? job.createdAtMs, () =>
      error ? listener.failed(job, error) : listener.cancelled(job),
    );
  }
  // Whoever renders on this machine belongs to the process that owns the store: those of before are gone.
  await runner.writes.write('all', () => store.releaseHeldBy(localHolders));
  await runner.writes.write('all', () => store.extendLeases(clock.now() + leaseMs));
  // What was broken off comes first: the first job that is taken up begins at once.
  const isBrokenOff = ({ state }: Job) => state === 'running' || state === 'interrupted';
  const unfinished = await store.unfinished();
  for (const job of [...unfinished.filter(isBrokenOff), ...unfinished.filter((job) => !isBrokenOff(job))]) {
    await takeUp(job, options);
  }
}

async function takeUp(job: Job, { store, runner, endings }: ResumeOptions): Promise<void> {
  if (job.state === 'delivering' && (await store.clip(job.id))) endings.deliver(job);
  // One that still runs is another host's.
  else if (!['queued', 'running'].includes(job.state) && job.attempts >= maxAttempts) {
    await endings.fail(job, new InferenceError('interrupted', 'The process died twice while this job was running.'));
  } else {
    if (job.state === 'delivering') await runner.writes.write(job.id, () => store.renderAgain(job.id));
    runner.add(job.state === 'queued' ? job : { ...job, state: 'interrupted' });
  }
}
