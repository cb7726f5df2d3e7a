import { setTimeout as delay } from 'node:timers/promises';
import type { Moment } from '../../test/remote/worker-messages.ts';
import { moments } from '../../test/remote/worker-messages.ts';
import type { Fault, WentOn } from './faults.ts';
import type { StoreView } from './job-counts.ts';
import type { SoakHost, SoakHosts } from './soak-hosts.ts';

/** Of Redis, which outlasts every lock and lease. */
const redisAwayMs = 40_000;
/** Of a network that is silent: longer than a lease (15 s), so that whoever has a job has lost it. */
const silenceMs = 20_000;
/** A job that has not gone on by then is reported without a time. */
const patienceMs = 60_000;

/** What {@link hostFaults} works with. */
export interface HostFaultsOptions {
  fleet: SoakHosts;
  stored: StoreView;
  killBot: () => Promise<unknown>;
  startBot: () => Promise<void>;
  /** Nobody cancels that job: it is measured when it goes on. */
  spare: (jobId: string) => void;
}

/** A fleet's faults, in sequence, and how long the jobs of dead workers took to go on. */
export interface HostFaults {
  faults: Fault[];
  /** The longest that a dead or silent worker's job took to be begun elsewhere, in seconds, of how many. */
  longest(): { seconds: number; count: number };
}

/** All that can go wrong with several hosts. */
export function hostFaults({ fleet, stored, killBot, startBot, spare }: HostFaultsOptions): HostFaults {
  const { hosts, redis, next } = fleet;
  /** Jobs that lost a worker: one that loses two ends, as it should. */
  const harmed = new Set<string>();
  const measured: number[] = [];
  let isHungry = false;

  /** Seconds from now until somebody has begun a job anew; undefined where that does not come. */
  async function begunAgain(jobId: string): Promise<number | undefined> {
    const startMs = Date.now();
    harmed.add(jobId);
    spare(jobId);
    const isBegun = next((news) => news.type === 'claimed' && news.jobId === jobId);
    if ((await Promise.race([isBegun, delay(patienceMs)])) === undefined) return undefined;
    return (Date.now() - startMs) / 1000;
  }

  /** Of the jobs of workers that died or fell silent while bot and Redis were there. */
  function measure(seconds: readonly (number | undefined)[]): WentOn {
    measured.push(...seconds.filter((each) => each !== undefined));
    return slowest(seconds);
  }

  function slowest(seconds: readonly (number | undefined)[]): WentOn {
    const known = seconds.filter((each) => each !== undefined);
    return known.length === 0 ? undefined : { seconds: Math.max(...known) };
  }

  /** From `startMs` until any worker begins a job or hands one in. */
  async function anyWork(startMs: number): Promise<WentOn> {
    const isWork = next(({ type }) => type === 'claimed' || type === 'handed-in');
    isHungry = true;
    const news = await Promise.race([isWork, delay(patienceMs)]);
    isHungry = false;
    return news === undefined ? undefined : { seconds: (Date.now() - startMs) / 1000 };
  }

  /** Has a worker harmed when it comes there; resolves with the seconds until its job went on elsewhere. */
  async function harm(
    { worker }: SoakHost,
    at: Moment,
    signal: 'SIGKILL' | 'SIGSTOP',
  ): Promise<() => Promise<number | undefined>> {
    await worker.ready;
    const reached = worker.next((news) => news.type === 'harmed');
    worker.order({ at, signal, spare: [...harmed] });
    const { jobId } = await reached;
    const again = at === 'handed-in' ? Promise.resolve(undefined) : begunAgain(jobId);
    return () => again;
  }

  const whole = (killed: SoakHost, stopped: SoakHost, at: Moment): Fault => ({
    name: `a worker killed and another stopped: ${at}`,
    isQuiet: false,
    isHungry: () => isHungry,
    async run() {
      isHungry = true;
      const isKilled = harm(killed, at, 'SIGKILL').then(async (again) => {
        await killed.worker.ended;
        killed.restart();
        return again;
      });
      const both = await Promise.all([isKilled, harm(stopped, at, 'SIGSTOP')]);
      isHungry = false;
      const seconds = await Promise.all(both.map((again) => again()));
      stopped.worker.killAll('SIGCONT');
      return measure(seconds);
    },
  });

  const [first] = hosts as readonly [SoakHost];
  const all = (act: (host: SoakHost) => void) => {
    for (const host of hosts) act(host);
  };

  const faults: Fault[] = [
    {
      name: 'the bot killed',
      isQuiet: true,
      async run() {
        const startMs = Date.now();
        await killBot();
        const wentOn = anyWork(startMs);
        await startBot();
        return wentOn;
      },
    },
    {
      name: 'bot, Redis and all workers killed at once',
      isQuiet: true,
      async run() {
        const running = stored.running();
        all(({ worker }) => worker.killAll('SIGKILL'));
        await Promise.all([killBot(), redis.kill(), ...hosts.map(({ worker }) => worker.ended)]);
        const again = running.map(begunAgain);
        all((host) => host.restart());
        await redis.start();
        await startBot();
        return slowest(await Promise.all(again));
      },
    },
    {
      name: `Redis killed, and away for ${redisAwayMs / 1000} s`,
      isQuiet: false,
      isHungry: () => isHungry,
      async run() {
        await redis.kill();
        await delay(redisAwayMs);
        const startMs = Date.now();
        await redis.start();
        return anyWork(startMs);
      },
    },
    {
      name: 'the network of one worker silent, until its job went on',
      isQuiet: false,
      isHungry: () => isHungry,
      async run() {
        isHungry = true;
        const { jobId } = await first.worker.next((news) => news.type === 'progress' && !harmed.has(news.jobId));
        isHungry = false;
        for (const way of [first.toRedis, first.toBot]) way.stall();
        const seconds = await begunAgain(jobId);
        for (const way of [first.toRedis, first.toBot]) way.resume();
        return measure([seconds]);
      },
    },
    ...(['toBot', 'toRedis'] as const).map((way) => ({
      name: `the way of all workers to ${way === 'toBot' ? 'the bot' : 'Redis'} silent for ${silenceMs / 1000} s`,
      isQuiet: false,
      isHungry: () => isHungry,
      async run() {
        all((host) => host[way].stall());
        await delay(silenceMs);
        const startMs = Date.now();
        all((host) => host[way].resume());
        return anyWork(startMs);
      },
    })),
    ...moments.map((at, index) => whole(hosts[index % hosts.length]!, hosts[(index + 1) % hosts.length]!, at)),
  ];
  return { faults, longest: () => ({ seconds: Math.max(0, ...measured), count: measured.length }) };
}
