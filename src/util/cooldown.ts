import type { Clock } from './clock.ts';

/** Lets each key do something once in a period; forgets all of it with the process. */
export interface Cooldown {
  /** Undefined: done now, and not again for a period. Else when it may be done again, in milliseconds since 1970. */
  use(key: string): number | undefined;
}

/** What {@link createCooldown} works with. */
export interface CooldownOptions {
  periodMs: number;
  clock: Pick<Clock, 'now'>;
  /** Keys that are remembered; beyond that the oldest is forgotten. Default 1,000. */
  maxKeys?: number;
}

/** A cooldown in memory, of bounded size. */
export function createCooldown({ periodMs, clock, maxKeys = 1_000 }: CooldownOptions): Cooldown {
  /** When each key was used, oldest first. */
  const used = new Map<string, number>();

  function isOver(usedAtMs: number): boolean {
    const passedMs = clock.now() - usedAtMs;
    // A clock that was set back does not lengthen it.
    return passedMs >= periodMs || passedMs < 0;
  }

  return {
    use(key) {
      const usedAtMs = used.get(key);
      if (usedAtMs !== undefined && !isOver(usedAtMs)) return usedAtMs + periodMs;
      used.delete(key);
      used.set(key, clock.now());
      for (const [oldest, oldestAtMs] of used) {
        if (used.size <= maxKeys && !isOver(oldestAtMs)) break;
        used.delete(oldest);
      }
      return undefined;
    },
  };
}
