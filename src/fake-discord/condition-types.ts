import type { Json, JsonObject, Snowflake } from './payloads.ts';

/**
 * How an answer or event strays from Discord's documentation: an optional field is `missing` or `null`; there is an
 * `unknown-field` or `unknown-event`; or an event comes that discord.js cannot parse, and answers hold nulls that it
 * cannot parse (`unparseable`). The last kind only adds events that nobody needs: what people do always arrives.
 */
export type DeviationKind = 'missing' | 'null' | 'unknown-field' | 'unknown-event' | 'unparseable';

/** How the stand-in deviates. */
export interface DeviateOptions {
  /** The same seed and the same course of events give the same deviations. */
  seed: number;
  /** How likely each field or event is to be touched, from 0 to 1. Default 0.3. */
  rate?: number;
  /** Default: all but `unparseable`. */
  kinds?: readonly DeviationKind[];
}

/** Calls that a bucket allows per window. */
export interface RateLimit {
  limit: number;
  windowSeconds: number;
}

/**
 * How many new sessions Discord takes: `max_concurrency` of `GET /gateway/bot` for every 5 s and bucket, `remaining` in all
 * (https://docs.discord.com/developers/events/gateway#session-start-limit-object).
 */
export interface IdentifyLimit {
  maxConcurrency: number;
  remaining: number;
}

/** All limits of REST calls. */
export interface RateLimits {
  /** Per route and major parameter. */
  perRoute: RateLimit;
  /** For new messages and edits instead, per route and channel or interaction; null: as every route. */
  messages: RateLimit | null;
  /** All authorised calls together; null: no limit. Interaction endpoints do not count. */
  globalPerSecond: number | null;
}

/** The calls of the last ten minutes that Discord would hold against the bot: 401, 403 and 429. */
export interface InvalidRequests {
  total: number;
  /** Those that {@link FailNext} made so, and the first refusal of each token that was ended before its time. */
  provoked: number;
  /** The others, by status and route: `403 GET /channels/:channel`. */
  unprovoked: Readonly<Record<string, number>>;
}

/** What is switched on for a test, a guild or a channel: the circumstances in which the real Discord is unkind. */
export interface Conditions {
  /**
   * From now on gateway events and REST answers stray from the documentation now and then; null ends it. They are marked as
   * `deviated` among the exchanges and not validated.
   */
  deviate(options: DeviateOptions | null): void;
  /** `discord` for the real one's limits, or others. Without it the limits are the `rateLimit` of the options. */
  setRateLimits(limits: 'discord' | RateLimits): void;
  /** From now on this person has installed the app for themselves too; the default is the first user. */
  installForUser(user?: Snowflake): void;
  /** Whether this person may delete others' messages and manage threads in the guild. */
  setModerator(user: Snowflake, isModerator: boolean): void;
  /** Messages of the bot that match, new or edited, are refused with 400/200000 in this channel and its threads; null ends it. */
  setAutoMod(channelId: Snowflake, pattern: RegExp | null): void;
  /** People have to wait so long between two messages. "Bots … are unaffected", but see it in the channel. */
  setSlowMode(channelId: Snowflake, seconds: number): void;
  /**
   * In how many guilds the bot is; all but one are only counted. One session takes 2,500 at most: more is closed with 4011
   * (https://docs.discord.com/developers/events/gateway#sharding).
   */
  setGuildCount(count: number): void;
  /** Counts new sessions from now on: what comes too fast gets op 9, and is a violation. */
  setIdentifyLimit(limit: IdentifyLimit): void;
  /** While on, connections to the gateway are cut as soon as they are there. */
  silenceGateway(isSilent: boolean): void;
  /** Fields that READY's application has from now on, beside those that belong there. */
  setReadyApplication(fields: JsonObject): void;
  /** Sends an event to every session as it is, whatever the documentation says. */
  sendEvent(event: string, data: Json): void;
  /** A test that provokes nothing expects `unprovoked` to be empty. */
  invalidRequests(): InvalidRequests;
}
