import { fork } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { modelCapabilities } from '../../src/cli/bot-parts.ts';
import type { RemoteWorkers } from '../../src/cli/bot-queue.ts';
import { describeModel } from '../../src/cli/worker.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../../src/inference/pipeline/model-info.ts';
import type { StyleName } from '../../src/settings/style.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { type Stage, setStage } from '../e2e/stage.ts';
import type { TinyRenderer } from '../e2e/tiny-renderer.ts';
import { programFile } from '../support/program-file.ts';
import { freePort, type RedisServer } from '../support/redis-server.ts';
import { createStallingProxy, type StallingProxy } from '../support/stalling-proxy.ts';
import { tempFolder } from '../support/temp-folder.ts';
import type { HostBotOrders } from './fixtures/host-bot.ts';
import { startWorkerHost, type WorkerHost } from './worker-host.ts';

/** A tenth of what is set in earnest. */
export const timing = {
  engine: { lock: 1_000, stalledCheck: 500, announce: 300, refresh: 300, hand: 3_000 },
  leaseMs: 1_500,
};

const token = 'a-secret-of-the-test-0123456789';

/** Starts a worker; it ends with the test. */
type StartWorker = (name: string, environment?: Record<string, string>) => WorkerHost;

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

/** Each test has a database of its own in the Redis that they share: 16 are all that it has. */
let databases = 0;

async function remoteOf(
  tiny: TinyRenderer,
  { redis, leaseMs, styles = [] }: { redis: RedisServer; leaseMs: number; styles?: readonly StyleName[] },
): Promise<RemoteWorkers> {
  return {
    queueUrl: `${redis.url}/${databases++ % 16}`,
    listen: { host: '127.0.0.1', port: await freePort() },
    token,
    needs: await describeModel(await readModelConfigs(tiny.modelDir), { safety: undefined }, styles),
    timing: { ...timing, leaseMs },
  };
}

function workersOf(tiny: TinyRenderer, { queueUrl }: RemoteWorkers, botPort: number): StartWorker {
  return (name, environment) => {
    const changes = { engine: timing.engine, checkpointSeconds: 0.01 };
    const worker = startWorkerHost({
      name,
      run: [programFile('test/remote/fixtures/worker-process.ts'), JSON.stringify(changes)],
      environment: {
        PATH: process.env.PATH,
        QUEUE_URL: queueUrl,
        WORKER_URL: `http://127.0.0.1:${botPort}`,
        WORKER_TOKEN: token,
        MODEL_DIR: tiny.modelDir,
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

/** A bot in this process. Everything ends with the test. Call it in the test. */
export async function startHosts(
  tiny: TinyRenderer,
  redis: RedisServer,
  { styles = [] }: { styles?: readonly StyleName[] } = {},
): Promise<Hosts> {
  const remote = await remoteOf(tiny, { redis, leaseMs: timing.leaseMs, styles });
  const way = await createStallingProxy(remote.listen.port);
  onTestFinished(way.close);
  const stage = await setStage({
    renderer: tiny,
    model: modelCapabilities(modelInfo(await readModelConfigs(tiny.modelDir)), styles),
    workers: [{ name: 'encoder', lane: 'encode', renderer: tiny }],
    config: { remote },
  });
  return {
    ...stage,
    way,
    startWorker: workersOf(tiny, remote, way.port),
    jobs: () => storedJobs(stage.dataDir),
  };
}

/** A bot in a process of its own, which can be killed. */
export interface BotHost extends Pick<Hosts, 'startWorker' | 'jobs'> {
  /** Starts it (again); resolves when it serves. */
  start(): Promise<void>;
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
export async function createBotHost(tiny: TinyRenderer, { discord, redis, leaseMs }: BotHostOptions): Promise<BotHost> {
  const remote = await remoteOf(tiny, { redis, leaseMs });
  const dataDir = tempFolder();
  const { modelDir } = tiny;
  const orders: HostBotOrders = {
    token: discord.token,
    apiUrl: discord.apiUrl,
    cdnHost: discord.cdnHost,
    dataDir,
    modelDir,
    remote,
  };
  let kill = async (): Promise<unknown> => undefined;
  onTestFinished(async () => void (await kill()));
  return {
    startWorker: workersOf(tiny, remote, remote.listen.port),
    jobs: () => storedJobs(dataDir),
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
    kill: () => kill(),
  };
}

/** How a bot's database says that jobs stand, oldest first. */
function storedJobs(dataDir: string): StoredJob[] {
  const database = openDatabase(dataDir);
  const rows = database
    .prepare('SELECT id, state, attempts, fence FROM jobs ORDER BY created_at_ms, rowid')
    .all([]) as StoredJob[];
  database.close();
  return rows;
}
