import type { RouteName } from './route-names.ts';

/** Calls that a bucket allows per window. */
export interface RateLimit {
  limit: number;
  windowSeconds: number;
}

/** The headers of a bucket after a call, and how long to wait when it was one too many. */
export interface RateLimitState {
  headers: Record<string, string>;
  /** Seconds; null while the call is within the limit. */
  retryAfterSeconds: number | null;
}

/**
 * Buckets per route and major parameter (channel, guild, webhook), as at Discord. The windows run on the machine's
 * clock, not on the stand-in's: the client waits by that one.
 */
export function createRateLimits({
  limit,
  windowSeconds,
}: RateLimit): (route: RouteName, params: Readonly<Record<string, string>>) => RateLimitState {
  const windows = new Map<string, { used: number; endsAt: number }>();
  return (route, params) => {
    const major = params.channel ?? params.guild ?? params.token ?? params.application ?? '';
    const now = performance.now() / 1000;
    const known = windows.get(`${route} ${major}`);
    const window = known && known.endsAt > now ? known : { used: 0, endsAt: now + windowSeconds };
    windows.set(`${route} ${major}`, window);
    window.used += 1;
    const resetAfter = window.endsAt - now;
    return {
      headers: {
        'x-ratelimit-limit': String(limit),
        'x-ratelimit-remaining': String(Math.max(0, limit - window.used)),
        'x-ratelimit-reset': (Date.now() / 1000 + resetAfter).toFixed(3),
        'x-ratelimit-reset-after': resetAfter.toFixed(3),
        'x-ratelimit-bucket': Buffer.from(route).toString('hex').slice(-32),
      },
      retryAfterSeconds: window.used > limit ? resetAfter : null,
    };
  };
}
