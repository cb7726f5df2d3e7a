import { once } from 'node:events';
import { setPriority } from 'node:os';
import { readEnvironment } from '../../src/config/environment.ts';
import { startWorkerHost, type WorkerHost } from '../../test/remote/worker-host.ts';
import type { WorkerNews } from '../../test/remote/worker-messages.ts';
import { freePort, type RedisServer, startRedis } from '../../test/support/redis-server.ts';
import { createStallingProxy, type StallingProxy } from '../../test/support/stalling-proxy.ts';

/** One host with a worker, and its ways to Redis and to the bot, each of which can fall silent. */
export interface SoakHost {
  /** The worker that runs there now. */
  worker: WorkerHost;
  toRedis: StallingProxy;
  toBot: StallingProxy;
  /** Starts a worker in place of the one that has ended, as a supervisor does. */
  restart(): void;
}

/** A Redis with its append-only file, and hosts that make clips. */
export interface SoakHosts {
  redis: RedisServer;
  hosts: readonly SoakHost[];
  /** What the bot is started with. */
  botEnvironment: Readonly<Record<string, string>>;
  /** Resolves with the next news of any worker for which that holds. */
  next(predicate: (news: WorkerNews) => boolean): Promise<WorkerNews>;
  stop(): Promise<void>;
}

/** What {@link startSoakHosts} works with. */
export interface SoakHostsOptions {
  workers: number;
  modelDir: string;
  onLine: (line: string) => void;
}

/** The secret that bot and workers share. */
export const workerToken = 'a-secret-of-the-soak-0123456789';

/** Other hosts have processors of their own: workers are to leave the bot what it needs of these. */
const workerNiceness = 10;

/** Starts them; the workers wait for the bot. */
export async function startSoakHosts({ workers, modelDir, onLine }: SoakHostsOptions): Promise<SoakHosts> {
  const redis = await startRedis();
  const botPort = await freePort();
  const listeners = new Set<(news: WorkerNews) => void>();
  const onNews = (news: WorkerNews) => {
    for (const hear of listeners) hear(news);
  };

  async function startHost(index: number): Promise<SoakHost> {
    const toRedis = await createStallingProxy(redis.port);
    const toBot = await createStallingProxy(botPort);
    const start = () => {
      const worker = startWorkerHost({
        name: `host-${index + 1}`,
        run: ['--import', 'tsx', 'test/remote/fixtures/worker-process.ts'],
        environment: {
          PATH: readEnvironment().PATH,
          QUEUE_URL: `redis://127.0.0.1:${toRedis.port}`,
          WORKER_URL: `http://127.0.0.1:${toBot.port}`,
          WORKER_TOKEN: workerToken,
          MODEL_DIR: modelDir,
        },
        onNews,
        onLine,
      });
      setPriority(worker.child.pid!, workerNiceness);
      return worker;
    };
    const host: SoakHost = {
      toRedis,
      toBot,
      worker: start(),
      restart() {
        host.worker = start();
      },
    };
    return host;
  }

  const hosts = await Promise.all(Array.from({ length: workers }, (_, index) => startHost(index)));
  return {
    redis,
    hosts,
    botEnvironment: {
      QUEUE_URL: redis.url,
      WORKER_LISTEN: String(botPort),
      WORKER_TOKEN: workerToken,
      DEVICES: 'none',
    },
    next: (predicate) =>
      new Promise((resolve) => {
        listeners.add(function hear(news) {
          if (!predicate(news)) return;
          listeners.delete(hear);
          resolve(news);
        });
      }),
    async stop() {
      for (const { worker, toRedis, toBot } of hosts) {
        const { child } = worker;
        if (child.exitCode === null && child.signalCode === null) {
          // One that was to go on may have stopped itself only after it was told so.
          worker.killAll('SIGCONT');
          child.kill('SIGTERM');
          await once(child, 'exit');
        }
        await toRedis.close();
        await toBot.close();
      }
      await redis.stop();
    },
  };
}
