import type { Log } from '../../util/log.ts';
import type { Finding } from './finding.ts';

/** What the queue's Redis is like; nothing where there is none. */
export async function checkRedis(queueUrl: string | undefined): Promise<Finding[]> {
  if (queueUrl === undefined) return [];
  // Loaded here: most have no Redis, and its client takes a while to load.
  const { examineRedis } = await import('../../queue/engine/examine-redis.ts');
  const found = await examineRedis(queueUrl);
  return found.map(({ about, ...finding }) => ({ check: about, ...finding }));
}

/** Tells in the log, in the doctor's words, what is wrong with the queue's Redis. Never rejects. */
export async function warnOfRedis(queueUrl: string | undefined, log: Log): Promise<void> {
  for (const { check, verdict, text } of await checkRedis(queueUrl)) {
    if (verdict !== 'ok') log.warn({ check }, text);
  }
}
