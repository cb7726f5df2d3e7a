import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import { createEstimates } from '../../src/queue/estimates.ts';
import { createJobHandler } from '../../src/queue/job-handler.ts';
import type { JobListener } from '../../src/queue/job-listener.ts';
import { createJobQueue, type JobQueueOptions } from '../../src/queue/job-queue.ts';
import type { JobQueue } from '../../src/queue/types.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createEstimateStore } from '../../src/storage/estimate-store.ts';
import { createJobStore, type JobStore } from '../../src/storage/job-store.ts';
import { dataFolder } from '../support/data-folder.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { newJob, tinyModel } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';

/** A queue with everything around it scripted; `news` is what the listener heard, as short words. */
export function setUpQueue(
  options: {
    folder?: string;
    listener?: Partial<JobListener>;
    /** The queue gets this in place of the store that is returned. */
    wrapStore?: (store: JobStore) => JobStore;
    /** How many render at once. Default 1. */
    workers?: number;
  } & Partial<Omit<JobQueueOptions, 'listener' | 'store'>> = {},
) {
  const { folder = dataFolder(), listener, wrapStore = (store) => store, workers = 1, ...rest } = options;
  const database = openDatabase(folder);
  const store = createJobStore(database);
  const estimates = createEstimates({ store: createEstimateStore(database), model: tinyModel, provider: 'cpu' });
  const renderer = createScriptedRenderer();
  const clock = createFakeClock();
  const log = createRecordingLog();
  const news: string[] = [];
  const local = createLocalEngine({ log });
  const queue = createJobQueue({
    store: wrapStore(store),
    estimates,
    engine: local,
    model: tinyModel,
    clock,
    log,
    // Waits are not shortened: tests know them.
    random: () => 0,
    listener: {
      waiting: (job, { position, waiting }) => void news.push(`${job.userId} waits ${position}/${waiting}`),
      progress: (job, { stage, step, steps }) => void news.push(`${job.userId} ${stage} ${step}/${steps}`),
      deliver: async (job) => void news.push(`${job.userId} delivered`),
      failed: async (job, error) => void news.push(`${job.userId} failed: ${(error as Error).message}`),
      cancelled: async (job) => void news.push(`${job.userId} cancelled`),
      postponed: (job) => void news.push(`${job.userId} postponed`),
      ...listener,
    },
    ...rest,
  });
  // An engine of the test's own has workers of its own.
  for (let index = 1; index <= (rest.engine ? 0 : workers); index++) {
    const handler = createJobHandler({ access: queue.access, renderer, clock, log });
    local.serve({ name: `device ${index}`, lane: 'render' }, handler);
  }
  return { queue, store, estimates, renderer, clock, log, news, folder, database };
}

/** Submits a job for each user, one after another; their ids. */
export async function submitAll(queue: Pick<JobQueue, 'submit'>, userIds: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const userId of userIds) ids.push((await queue.submit(newJob({ userId }))).id);
  return ids;
}

/** What the store says of these jobs. */
export async function statesOf(store: Pick<JobStore, 'find'>, ids: readonly string[]): Promise<(string | undefined)[]> {
  return (await Promise.all(ids.map((id) => store.find(id)))).map((job) => job?.state);
}
