import type { Json } from './payloads.ts';
import type { RouteName } from './route-names.ts';

/** Makes the next matching REST calls fail. */
export interface FailNext {
  /** A route of the stand-in, several of which the first call counts, or `*` for every REST route. */
  route: RouteName | readonly RouteName[] | '*';
  /** Default 500. */
  status?: number;
  /** With 429: goes into the `Retry-After` header and the body. */
  retryAfterSeconds?: number;
  /** With 429: whose limit it is. Default `user`. What is `shared` Discord does not hold against the bot. */
  scope?: 'user' | 'global' | 'shared';
  /** With 429: leave the header out, as a proxy might. Default false. */
  omitRetryAfterHeader?: boolean;
  /** Replaces the body that the stand-in would make. */
  body?: Json;
  /** Cut the connection instead of answering. */
  resetConnection?: boolean;
  /** Carry the call out, then answer with the failure: the shape of a double post. Default false. */
  afterEffect?: boolean;
  /** Wait so long before answering. */
  delayMs?: number;
  /** Do nothing but {@link FailNext.delayMs}: the call then succeeds. */
  delayOnly?: boolean;
  /** Only calls that bring files count, as with a limit of size. Default false. */
  uploadsOnly?: boolean;
  /** How many calls. Default 1. */
  times?: number;
}
