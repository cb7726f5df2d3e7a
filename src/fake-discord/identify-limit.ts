import type { Shard } from './gateway-session.ts';
import { recordViolation, type World } from './world.ts';

/** Each bucket of shards, `shard_id % max_concurrency`, may identify once in so long. */
const windowMs = 5_000;

/** Counts new sessions; the function says whether another one is allowed now. */
export function createIdentifyCounter(world: World): (shard: Shard) => boolean {
  const latestMs = new Map<number, number>();
  return ([index]) => {
    const limit = world.identifyLimit;
    if (limit === null) return true;
    const bucket = index % limit.maxConcurrency;
    const sinceLastMs = world.now() - (latestMs.get(bucket) ?? Number.NEGATIVE_INFINITY);
    if (sinceLastMs < windowMs || limit.remaining === 0) {
      recordViolation(
        world,
        `gateway: shard ${index} identifies too often: ${JSON.stringify({ sinceLastMs, ...limit })}`,
      );
      return false;
    }
    latestMs.set(bucket, world.now());
    world.identifyLimit = { ...limit, remaining: limit.remaining - 1 };
    return true;
  };
}
