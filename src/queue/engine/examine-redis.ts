import { Redis } from 'ioredis';

/** What was found of one thing that the queue needs of Redis. */
export interface RedisFinding {
  about: 'Redis' | 'Redis persistence' | 'Redis memory';
  /** `note`: it works, but look. */
  verdict: 'ok' | 'note' | 'fails';
  /** One line for the operator. Never holds the address' password. */
  text: string;
  facts?: Readonly<Record<string, string | number>>;
}

/** The oldest Redis that BullMQ recommends. Valkey tells a version of Redis that it is compatible with. */
const oldestVersion = [6, 2] as const;

/** A server that has not answered by then is of no use to a queue. */
const timeoutMs = 5_000;

/** So many answers are timed, one after another. */
const pings = 5;

/** Every job takes several round trips to begin: above this, in milliseconds, the devices would wait for them. */
const slowMs = 50;

/**
 * Whether the Redis of the queue can be reached, is new enough and quick, and keeps what it is given: its stock settings
 * do not. Changes nothing there, and asks only INFO and PING, which servers that others run allow as well.
 */
export async function examineRedis(url: string): Promise<RedisFinding[]> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Also told by the rejection; without a listener ioredis writes to the console.
  let reason: unknown;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect();
    const facts = readInfo(await redis.info());
    return [reachable(facts, await latencyMs(redis)), persistence(facts), memory(facts)];
  } catch (error) {
    return [{ about: 'Redis', verdict: 'fails', text: `QUEUE_URL cannot be used: ${describe(reason ?? error)}.` }];
  } finally {
    redis.disconnect();
  }
}

type Info = Readonly<Record<string, string>>;

/** Lines such as `aof_enabled:1`. */
function readInfo(text: string): Info {
  const lines = text.split('\n').map((line) => line.trim().split(/:(.*)/s));
  return Object.fromEntries(lines.flatMap(([name, value]) => (name && value !== undefined ? [[name, value]] : [])));
}

/** The median round trip. */
async function latencyMs(redis: Redis): Promise<number> {
  const times: number[] = [];
  for (let ping = 0; ping < pings; ping++) {
    const startedMs = performance.now();
    await redis.ping();
    times.push(performance.now() - startedMs);
  }
  return times.sort((a, b) => a - b)[Math.floor(pings / 2)]!;
}

function reachable({ redis_version: version = 'unknown' }: Info, latency: number): RedisFinding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const facts = { version, latencyMs: Math.round(latency * 10) / 10 };
  const found = `version ${version} answers in ${facts.latencyMs} ms`;
  if (major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1])) {
    const text = `version ${version} is too old: the queue needs ${oldestVersion.join('.')} or newer`;
    return { about: 'Redis', verdict: 'fails', text, facts };
  }
  if (latency > slowMs) {
    const text = `${found}, which is slow: over ${slowMs} ms devices wait for the queue; put it near the bot`;
    return { about: 'Redis', verdict: 'note', text, facts };
  }
  return { about: 'Redis', verdict: 'ok', text: found, facts };
}

function persistence({ aof_enabled: enabled, aof_last_write_status: written = 'ok' }: Info): RedisFinding {
  const about = 'Redis persistence';
  if (enabled !== '1') {
    const text =
      'appendonly is off, as it is by default: a Redis that is killed forgets the jobs it had taken; they stand still until ' +
      'the bot has noticed, and begin anew. Set appendonly yes';
    return { about, verdict: 'fails', text };
  }
  if (written !== 'ok') {
    return { about, verdict: 'fails', text: 'its append-only file cannot be written; look at its disk and its log' };
  }
  return { about, verdict: 'ok', text: 'appendonly is on: what it has taken outlives a crash' };
}

function memory({ maxmemory_policy: policy = 'unknown' }: Info): RedisFinding {
  const about = 'Redis memory';
  if (policy === 'noeviction') return { about, verdict: 'ok', text: 'maxmemory-policy is noeviction' };
  const text = `maxmemory-policy is ${policy}: a Redis whose memory is full throws jobs away. Set maxmemory-policy noeviction`;
  return { about, verdict: 'fails', text };
}

/** The reason in words; a refused connection has an empty message in some versions of Node. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return (error.message || code || error.name).replace(/\.$/, '');
}
