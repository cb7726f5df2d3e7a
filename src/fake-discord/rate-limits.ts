import { createHash } from 'node:crypto';
import type { RateLimits } from './condition-types.ts';
import type { RouteName } from './route-names.ts';

/** The headers of a bucket after a call, and how long to wait when it was one too many. */
export interface RateLimitState {
  headers: Record<string, string>;
  /** Seconds; null while the call is within the limit. */
  retryAfterSeconds: number | null;
  /** Whether it was the limit of all calls together. */
  isGlobal: boolean;
}

/** Seconds of the global window. */
const globalWindowSeconds = 1;

/**
 * Discord's own limits where they matter here: what is written about and what its headers are seen to say. A channel takes
 * 5 new messages and 5 edits in 5 s, an interaction's token as many; all authorised calls together 50 in a second
 * (https://docs.discord.com/developers/topics/rate-limits).
 */
export const discordRateLimits: RateLimits = {
  perRoute: { limit: 50, windowSeconds: 1 },
  messages: { limit: 5, windowSeconds: 5 },
  globalPerSecond: 50,
};

const messageRoutes: ReadonlySet<RouteName> = new Set<RouteName>([
  'POST /channels/:channel/messages',
  'PATCH /channels/:channel/messages/:message',
  'POST /webhooks/:application/:token',
  'PATCH /webhooks/:application/:token/messages/:message',
]);

/**
 * Counts calls in buckets per route and major parameter (channel, guild, webhook), as at Discord, and all together. The
 * windows run on the machine's clock, not on the stand-in's: the client waits by that one. `limits` is asked at each call.
 */
export function createRateLimits(
  limits: () => RateLimits,
): (
  route: RouteName,
  params: Readonly<Record<string, string>>,
  options: { countsGlobally: boolean },
) => RateLimitState {
  const windows = new Map<string, Window>();
  const count = (key: string, windowSeconds: number): Window & { resetAfter: number } => {
    const now = performance.now() / 1000;
    const known = windows.get(key);
    const window = known && known.endsAt > now ? known : { used: 0, endsAt: now + windowSeconds };
    windows.set(key, window);
    window.used += 1;
    return { ...window, resetAfter: window.endsAt - now };
  };

  return (route, params, { countsGlobally }) => {
    const { perRoute, messages, globalPerSecond } = limits();
    if (countsGlobally && globalPerSecond !== null) {
      const { used, resetAfter } = count('*', globalWindowSeconds);
      if (used > globalPerSecond) return { headers: {}, retryAfterSeconds: resetAfter, isGlobal: true };
    }
    const { limit, windowSeconds } = messages && messageRoutes.has(route) ? messages : perRoute;
    const major = params.channel ?? params.guild ?? params.token ?? params.application ?? '';
    const { used, resetAfter } = count(`${route} ${major}`, windowSeconds);
    return {
      headers: {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(Math.max(0, limit - used)),
        'x-ratelimit-reset': (Date.now() / 1000 + resetAfter).toFixed(3),
        'x-ratelimit-reset-after': resetAfter.toFixed(3),
        // Of the route as a whole: a client counts what has the same one together.
        'x-ratelimit-bucket': createHash('md5').update(route).digest('hex'),
      },
      retryAfterSeconds: used > limit ? resetAfter : null,
      isGlobal: false,
    };
  };
}

interface Window {
  used: number;
  /** Seconds of `performance.now()`. */
  endsAt: number;
}
