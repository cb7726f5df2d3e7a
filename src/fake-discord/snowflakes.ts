import type { Snowflake } from './payloads.ts';

/** 2015-01-01, the zero of Discord's ids, in milliseconds since 1970. */
const discordEpochMs = 1_420_070_400_000;
/** Earlier clocks would give ids of fewer than 17 digits, which break the client's rate-limit buckets. */
const earliestMs = discordEpochMs + 400 * 24 * 3600 * 1000;

/** Makes a source of ids that carry the clock's time, always increase and have 17 to 19 digits. */
export function createSnowflakes(now: () => number): () => Snowflake {
  let last = 0n;
  return () => {
    const fromClock = BigInt(Math.max(Math.floor(now()), earliestMs) - discordEpochMs) << 22n;
    last = fromClock > last ? fromClock : last + 1n;
    return last.toString();
  };
}
