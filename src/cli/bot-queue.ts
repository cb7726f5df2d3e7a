import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BullmqTiming } from '../queue/engine/bullmq-connection.ts';
import { createLocalEngine } from '../queue/engine/local-engine.ts';
import type { EngineWorker, QueueEngine } from '../queue/engine/queue-engine.ts';
import { createJobHandler } from '../queue/job-handler.ts';
import type { JobQueueOptions } from '../queue/job-queue.ts';
import { specOf } from '../queue/store-access.ts';
import type { JobQueue } from '../queue/types.ts';
import { createBlobFiles } from '../remote/blob-files.ts';
import type { BlobAddress } from '../remote/blob-store.ts';
import { createDirectFiles } from '../remote/job-files.ts';
import { type JobServer, type ListenAddress, startJobServer } from '../remote/job-server.ts';
import { createPartFiles } from '../remote/part-files.ts';
import { openS3Store } from '../remote/s3-store.ts';
import type { WorkerNeeds } from '../remote/worker-needs.ts';
import type { FactStore } from '../storage/facts.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Clip } from '../worker/types.ts';
import { type BotWorker, serveLocally } from './bot-parts.ts';

/** What workers are sending, in DATA_DIR; emptied at the start. */
const incomingFolder = 'incoming';

/** Workers on other hosts: where their jobs are, where they are listened for, and what they must be. */
export interface RemoteWorkers {
  queueUrl: string;
  listen: ListenAddress;
  token: string;
  needs: WorkerNeeds;
  /** Undefined: files go over the bot's own endpoint. */
  blobs?: BlobAddress | undefined;
  /** Default: that of the engine, and a lease of 15 s. Tests take less. */
  timing?: { engine?: Partial<BullmqTiming>; leaseMs?: number };
}

/** The engine of a bot, with those who take jobs from it. */
export interface BotQueue {
  engine: QueueEngine;
  /** What the queue over it is made with. */
  options: Pick<JobQueueOptions, 'holder' | 'leaseMs'>;
  /** The queue is made: this host's workers take jobs. Where there are others, none does before {@link BotQueue.open}. */
  serve(jobs: JobQueue): void;
  /** What an earlier process left is taken up: everybody takes jobs. */
  open(): Promise<void>;
  /** Before the queue is closed: this host's workers give back what they have, and the others wait for the next start. */
  leave(): Promise<void>;
  /** After the queue is closed. */
  close(): Promise<void>;
}

/** What {@link openBotQueue} works with. */
export interface BotQueueOptions {
  remote: RemoteWorkers | undefined;
  dataDir: string;
  workers: readonly BotWorker[];
  store: JobStore;
  facts: FactStore;
  clock: Clock;
  log: Log;
  /** A worker on another host has made a clip. */
  onClip?: (clip: Clip) => void;
  /** Aborted: Redis is waited for no longer. */
  signal?: AbortSignal | undefined;
}

/**
 * The engine of one host, or of several where there is a queue for them; that one waits until Redis answers.
 * @throws ConfigError `worker-listen`
 */
export async function openBotQueue(options: BotQueueOptions): Promise<BotQueue> {
  return options.remote === undefined ? localQueue(options) : remoteQueue(options, options.remote);
}

function localQueue({ workers, clock, log }: BotQueueOptions): BotQueue {
  const engine = createLocalEngine({ log });
  return {
    engine,
    options: {},
    serve: (jobs) => serveLocally(engine, workers, { access: jobs.access, clock, log }),
    open: async () => {},
    leave: async () => {},
    close: engine.close,
  };
}

async function remoteQueue(
  { dataDir, workers, store, facts, clock, log, signal, onClip = () => {} }: BotQueueOptions,
  { queueUrl: url, listen, token, needs, blobs, timing = {} }: RemoteWorkers,
): Promise<BotQueue> {
  // Loaded here: a bot of one host starts without BullMQ and its client of Redis.
  const { createBullmqEngine } = await import('../queue/engine/bullmq-engine.ts');
  const { serveBullmq } = await import('../queue/engine/bullmq-worker.ts');
  const key = await rememberedKey(facts);
  const bot = createHash('sha256').update(key).digest('hex').slice(0, 12);
  const isRunning = async (jobId: string) => (await store.find(jobId))?.state === 'running';
  const blobFiles =
    blobs && createBlobFiles({ store: await openS3Store(blobs, log), folder: bot, isRunning, clock, log });
  const files = blobFiles ?? createDirectFiles(createPartFiles({ folder: join(dataDir, incomingFolder), clock }));
  const server: JobServer = await startJobServer({ listen, token, key, needs, files, clock, log });
  log.info({ ...server.address }, 'listening for workers on other hosts');
  const bullmq = { url, log, ...(timing.engine && { timing: timing.engine }) };
  const engine = await createBullmqEngine({ ...bullmq, clock, signal });
  let jobs: JobQueue | undefined;
  let serving: EngineWorker[] = [];
  // Not a local name: those who have it go on when this process ends.
  const holder = `remote ${bot}`;
  return {
    engine,
    options: { holder, ...(timing.leaseMs !== undefined && { leaseMs: timing.leaseMs }) },
    serve(queue) {
      jobs = queue;
    },
    async open() {
      const { access } = jobs!;
      blobFiles?.start();
      server.open({
        access: {
          ...access,
          async keepClip(attempt, clip) {
            const isKept = await access.keepClip(attempt, clip);
            if (isKept) onClip(clip);
            return isKept;
          },
        },
        async specOf(jobId) {
          const job = await store.find(jobId);
          return job && specOf(job, store);
        },
      });
      serving = await Promise.all(
        workers.map(({ renderer, ...worker }) =>
          serveBullmq(bullmq, { ...worker, styles: needs.styles }, createJobHandler({ access, renderer, clock, log })),
        ),
      );
    },
    async leave() {
      await Promise.all(serving.map((worker) => worker.drain()));
      await server.close();
      await files.close();
    },
    close: engine.close,
  };
}

/** What tickets are signed with: drawn once for a data folder. */
async function rememberedKey(facts: FactStore): Promise<string> {
  const known = await facts.get('worker-key');
  if (known !== undefined) return known;
  const key = randomBytes(32).toString('hex');
  await facts.set('worker-key', key);
  return key;
}
