import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { RemoteWorkers } from '../../src/cli/bot-queue.ts';
import { describeModel } from '../../src/cli/worker.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../../src/inference/pipeline/model-info.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { type Stage, type StageOptions, setStage } from '../e2e/stage.ts';
import { startTinyRenderer, type TinyRenderer } from '../e2e/tiny-renderer.ts';
import { programFile } from '../support/program-file.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { createStallingProxy } from '../support/stalling-proxy.ts';

/** A tenth of what is set in earnest. */
const timing = {
  engine: { lock: 1_000, stalledCheck: 500, announce: 300, refresh: 300, hand: 3_000 },
  leaseMs: 1_500,
};

export const token = 'a-secret-of-the-test-0123456789';

/** A process that makes clips for the bot. */
interface WorkerHost {
  name: string;
  child: ChildProcess;
  /** Lines of its log. */
  lines: string[];
  ended: Promise<unknown>;
  kill(signal: Signal): void;
  /** Signals its render process too, as a host does that fails. */
  killAll(signal: Signal): void;
  /** Signals its render process alone. */
  killRender(signal: Signal): void;
}

type Signal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT';

/** A bot that makes no clips itself, a Redis, and hosts that make them. */
export interface Hosts extends Stage {
  redis: RedisServer;
  /** The bot's address for workers, on a way that can fall silent. */
  way: Awaited<ReturnType<typeof createStallingProxy>>;
  startWorker(name: string, options?: WorkerOptions): WorkerHost;
  /** How the database says that jobs stand, oldest first. */
  jobs(): StoredJob[];
}

/** What a test may set for one worker. */
interface WorkerOptions {
  environment?: Record<string, string>;
  /** `kinora worker` as it is, with the times of every day. */
  isInEarnest?: boolean;
}

/** What the tests look at of a stored job. */
interface StoredJob {
  id: string;
  state: string;
  attempts: number;
  fence: number;
  holder: string | null;
  hasCheckpoint: number;
}

/** Everything that ends with the test. Call it in the test. */
export async function startHosts(
  tiny: TinyRenderer,
  { isInEarnest = false, ...options }: Partial<StageOptions> & { isInEarnest?: boolean } = {},
): Promise<Hosts> {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const configs = await readModelConfigs(tiny.modelDir);
  const remote: RemoteWorkers = {
    queueUrl: redis.url,
    listen: { host: '127.0.0.1', port: await freePort() },
    token,
    needs: await describeModel(configs, { safety: undefined }),
    ...(!isInEarnest && { timing }),
  };
  const way = await createStallingProxy(remote.listen.port);
  onTestFinished(way.close);
  const stage = await setStage({
    renderer: tiny,
    model: modelInfo(configs),
    workers: [{ name: 'encoder', lane: 'encode', renderer: tiny }],
    ...options,
    config: { ...options.config, remote },
  });

  return {
    ...stage,
    redis,
    way,
    startWorker: (name, workerOptions) =>
      startWorker(name, {
        environment: {
          QUEUE_URL: redis.url,
          WORKER_URL: `http://127.0.0.1:${way.port}`,
          WORKER_TOKEN: token,
          MODEL_DIR: tiny.modelDir,
        },
        options: workerOptions ?? { isInEarnest },
      }),
    jobs: () => storedJobs(stage.dataDir),
  };
}

/** How a bot's database says that jobs stand, oldest first. */
export function storedJobs(dataDir: string): StoredJob[] {
  const database = openDatabase(dataDir);
  const rows = database
    .prepare(
      `SELECT id, state, attempts, fence, lease_holder AS holder,
         EXISTS (SELECT 1 FROM checkpoints WHERE job_id = jobs.id) AS hasCheckpoint
       FROM jobs ORDER BY created_at_ms, rowid`,
    )
    .all([]) as StoredJob[];
  database.close();
  return rows;
}

/** A worker of any bot. */
export function startWorker(
  name: string,
  { environment, options }: { environment: Record<string, string>; options: WorkerOptions },
): WorkerHost {
  const script = options.isInEarnest
    ? [programFile('src/main.ts'), 'worker']
    : [
        programFile('test/remote/fixtures/worker-process.ts'),
        JSON.stringify({ engine: timing.engine, checkpointSeconds: 0.01 }),
      ];
  const child = spawn(process.execPath, script, {
    env: {
      PATH: process.env.PATH,
      ...environment,
      WORKER_NAME: name,
      DEVICES: 'cpu',
      THREADS: '1',
      LOG_LEVEL: 'debug',
      CHECKPOINT_SECONDS: '1',
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await ended;
  });
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)));
  const killRender = (signal: Signal) => {
    for (const pid of childrenOf(child.pid!)) process.kill(pid, signal);
  };
  return {
    name,
    child,
    lines,
    ended,
    killRender,
    kill: (signal) => void child.kill(signal),
    killAll(signal) {
      const pids = childrenOf(child.pid!);
      child.kill(signal);
      for (const pid of pids) process.kill(pid, signal);
    },
  };
}

/** Its render processes. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((word) => word.trim() !== '' && readFileSync(`/proc/${word}/cmdline`, 'utf8').includes('child'))
    .map(Number);
}

/** A port that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const proxy = await createStallingProxy(1);
  await proxy.close();
  return proxy.port;
}

/** The tiny renderer that these tests share a model with. */
export const startTiny = startTinyRenderer;
