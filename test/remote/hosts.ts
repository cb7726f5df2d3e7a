import { fork } from 'node:child_process';
import { once } from 'node:events';
import { inject, onTestFinished, vi } from 'vitest';
import { modelCapabilities } from '../../src/cli/bot-parts.ts';
import type { RemoteWorkers } from '../../src/cli/bot-queue.ts';
import { describeModel } from '../../src/cli/worker.ts';
import { InferenceError } from '../../src/errors.ts';
import type { FakeDiscord, InteractionHandle } from '../../src/fake-discord/types.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../../src/inference/pipeline/model-info.ts';
import type { StyleName } from '../../src/settings/style.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { hourMs, type Stage, setStage, smallPicture } from '../e2e/stage.ts';
import { programFile } from '../support/program-file.ts';
import { freePort, type RedisServer } from '../support/redis-server.ts';
import { createStallingProxy, type StallingProxy } from '../support/stalling-proxy.ts';
import { tempFolder } from '../support/temp-folder.ts';
import type { WorkerProcessChanges } from './fixtures/worker-process.ts';
import { type HostBotOrders, startHostBot } from './start-host-bot.ts';
import { startWorkerHost, type WorkerHost } from './worker-host.ts';

/** A tenth of what is set in earnest. */
export const timing = {
  engine: { lock: 1_000, stalledCheck: 500, announce: 300, refresh: 300, hand: 3_000 },
  leaseMs: 1_500,
};

const token = 'a-secret-of-the-test-0123456789';

/** How a worker of a test differs from others. */
interface WorkerOptions {
  environment?: Record<string, string>;
  /** Its render processes run networks; those of others compute nothing (fixtures/quick-child.ts). */
  isReal?: true;
}

/** Starts a worker; it ends with the test. */
type StartWorker = (name: string, options?: WorkerOptions) => WorkerHost;

/** A bot that makes no clips itself, and hosts that make them. */
export interface Hosts extends Stage {
  /** The bot's address for workers, on a way that can fall silent. */
  way: StallingProxy;
  startWorker: StartWorker;
  /** How the database says that jobs stand, oldest first. */
  jobs(): StoredJob[];
}

/** What the tests look at of a stored job. */
interface StoredJob {
  id: string;
  state: string;
  attempts: number;
  fence: number;
}

/** Patient: other tests may want the processor too. */
export const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 240_000, interval: 20 });

/** More than two steps: long enough to do something to whoever makes it, see fixtures/quick-child.ts. */
export const animate = (seed: number, steps = 6) => ({
  command: 'animate',
  attachments: { image: smallPicture },
  options: { seed, steps },
});

/**
 * Has a worker begin a job, and stops its render process in the middle of it.
 * @param steps many for a process that runs networks: it is not to be done before it is stopped
 */
export async function begin(discord: FakeDiscord, worker: WorkerHost, steps?: number): Promise<InteractionHandle> {
  await worker.ready;
  worker.order({ at: 'checkpoint', signal: 'none', spare: [] });
  const isReached = worker.next(({ type }) => type === 'harmed');
  const asked = discord.invoke(animate(1, steps));
  await isReached;
  return asked;
}

/** Each test has a database of its own in the Redis that they share: 16 are all that it has. */
let databases = 0;

interface RemoteOptions {
  redis: RedisServer;
  leaseMs: number;
  styles?: readonly StyleName[];
}

async function remoteOf({ redis, leaseMs, styles = [] }: RemoteOptions): Promise<RemoteWorkers> {
  return {
    queueUrl: `${redis.url}/${databases++ % 16}`,
    listen: { host: '127.0.0.1', port: await freePort() },
    token,
    needs: await describeModel(await readModelConfigs(inject('tinyModel')), { safety: undefined }, styles),
    timing: { ...timing, leaseMs },
  };
}

function workersOf({ queueUrl }: RemoteWorkers, botPort: number): StartWorker {
  return (name, { environment, isReal } = {}) => {
    const changes: WorkerProcessChanges = {
      engine: timing.engine,
      checkpointSeconds: 0.01,
      ...(!isReal && { renderFile: programFile('test/remote/fixtures/quick-child.ts') }),
    };
    const worker = startWorkerHost({
      name,
      run: [programFile('test/remote/fixtures/worker-process.ts'), JSON.stringify(changes)],
      environment: {
        PATH: process.env.PATH,
        QUEUE_URL: queueUrl,
        WORKER_URL: `http://127.0.0.1:${botPort}`,
        WORKER_TOKEN: token,
        MODEL_DIR: inject('tinyModel'),
        ...environment,
      },
    });
    onTestFinished(async () => {
      if (worker.child.exitCode !== null || worker.child.signalCode !== null) return;
      worker.killAll('SIGKILL');
      await worker.ended;
    });
    return worker;
  };
}

/** Nothing that such a host does itself comes to anything. */
const renderer = {
  async render(): Promise<never> {
    throw new InferenceError('render-process-start', 'This host makes no clips.', { scope: 'host' });
  },
};

/** A bot in this process. Everything ends with the test. Call it in the test. */
export async function startHosts(redis: RedisServer, styles: readonly StyleName[] = []): Promise<Hosts> {
  const remote = await remoteOf({ redis, leaseMs: timing.leaseMs, styles });
  const way = await createStallingProxy(remote.listen.port);
  onTestFinished(way.close);
  const stage = await setStage({
    renderer,
    model: modelCapabilities(modelInfo(await readModelConfigs(inject('tinyModel'))), styles),
    workers: [{ name: 'encoder', lane: 'encode', renderer }],
    // No edit but that of the clip: that steps are told is shown elsewhere.
    editGapMs: hourMs,
    config: { remote },
  });
  return { ...stage, way, startWorker: workersOf(remote, way.port), jobs: jobsIn(stage.dataDir) };
}

/** A bot in a process of its own, which can be killed. */
export interface BotHost extends Pick<Hosts, 'startWorker' | 'jobs'> {
  /** Starts it (again); resolves when it serves. */
  start(): Promise<void>;
  /** Starts it in this process instead; it ends with the test. */
  startHere(): Promise<void>;
  /** Resolves when it has ended. */
  kill(): Promise<unknown>;
}

/** What {@link createBotHost} works with. */
export interface BotHostOptions {
  discord: FakeDiscord;
  redis: RedisServer;
  leaseMs: number;
}

/** A bot in a process of its own; not yet started. */
export async function createBotHost({ discord, redis, leaseMs }: BotHostOptions): Promise<BotHost> {
  const remote = await remoteOf({ redis, leaseMs });
  const dataDir = tempFolder();
  const orders: HostBotOrders = {
    token: discord.token,
    apiUrl: discord.apiUrl,
    cdnHost: discord.cdnHost,
    dataDir,
    modelDir: inject('tinyModel'),
    remote,
  };
  let kill = async (): Promise<unknown> => undefined;
  onTestFinished(async () => void (await kill()));
  return {
    startWorker: workersOf(remote, remote.listen.port),
    jobs: jobsIn(dataDir),
    async start() {
      const isReady = discord.waitForChange((change) => change.kind === 'gateway' && change.state === 'ready', {
        timeoutMs: 100_000,
      });
      const child = fork(programFile('test/remote/fixtures/host-bot.ts'), [JSON.stringify(orders)], { execArgv: [] });
      const ended = once(child, 'exit');
      kill = async () => {
        child.kill('SIGKILL');
        await ended;
      };
      await isReady;
      await discord.waitForCommands(['animate'], { timeoutMs: 100_000 });
    },
    async startHere() {
      const bot = await startHostBot(orders);
      onTestFinished(() => bot.stop());
    },
    kill: () => kill(),
  };
}

/** How a bot's database says that jobs stand, oldest first; opened when it is asked first. */
function jobsIn(dataDir: string): () => StoredJob[] {
  const open = () => {
    const database = openDatabase(dataDir);
    onTestFinished(() => void database.close());
    return database.prepare('SELECT id, state, attempts, fence FROM jobs ORDER BY created_at_ms, rowid');
  };
  let jobs: ReturnType<typeof open> | undefined;
  return () => {
    jobs ??= open();
    return jobs.all([]) as StoredJob[];
  };
}
