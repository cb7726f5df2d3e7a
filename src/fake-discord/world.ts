import type { IdentifyLimit, RateLimit, RateLimits } from './condition-types.ts';
import type { Deviations } from './deviations.ts';
import type { FailNext } from './fail-next.ts';
import type { ApiCommand, ApiMessage, ApiUser, Json, JsonObject, Snowflake } from './payloads.ts';
import type { RouteName } from './route-names.ts';
import type { Acknowledgement, Change, FakeDiscordOptions, Outage } from './types.ts';
import { createFeed, type Feed } from './waiting.ts';

/** A person or the bot, with what a guild knows of them. */
export interface StoredUser {
  user: ApiUser;
  locale: string;
  /** Hash of the avatar that the person has in the guild alone. */
  guildAvatar?: string;
  /** Permission bits in the guild. */
  permissions: bigint;
  joinedAt: string;
  /** Of the bot's guild. */
  isMember: boolean;
}

/**
 * `guild`: a channel the bot is in; `dm`: with the bot; `commands-only`: of a guild that has the app's commands without the bot;
 * the other two hold only people who installed the app.
 */
export type ChannelKind = 'guild' | 'dm' | 'commands-only' | 'foreign-guild' | 'private';

/** What a thread is besides a channel. */
export interface ThreadState {
  ownerId: Snowflake;
  createdAt: string;
  archived: boolean;
  /** When `archived` last changed. */
  archiveChangedAt: string;
  locked: boolean;
  /** Whether the bot was added to it; it sees private threads only then. */
  botIsMember: boolean;
  /** Whether the gateway ever spoke of it. Archived threads, among others, are not in a client's cache. */
  announced: boolean;
  /** Of a forum's post; null in other channels. */
  appliedTags: Snowflake[] | null;
}

/** A conversation. */
export interface StoredChannel {
  id: Snowflake;
  kind: ChannelKind;
  /** ChannelType number. */
  type: number;
  name: string;
  /** The channel that a thread belongs to. */
  parentId: Snowflake | null;
  thread: ThreadState | null;
  nsfw: boolean;
  /** What people have to wait between two messages; bots do not. */
  slowModeSeconds: number;
  guildId: Snowflake | null;
  /** The people of a `dm` or `private` channel besides the bot. */
  recipientIds: readonly Snowflake[];
  /** The bot's permissions here. */
  botPermissions: bigint;
  lastMessageId: Snowflake | null;
}

/** A message with what only the server knows. The `url`s of its attachments are signed when it is sent out. */
export interface StoredMessage {
  message: ApiMessage;
  /** Of an ephemeral message, the one who sees it. */
  visibleTo: Snowflake | null;
  /** User ids by emoji, as the client names it: `🎬` or `name:id`. */
  reactions: Map<string, Set<Snowflake>>;
}

/** The bytes behind an attachment. */
export interface StoredFile {
  id: Snowflake;
  filename: string;
  contentType: string;
  bytes: Uint8Array;
  /** Path on the CDN without the signature. */
  path: string;
}

/** An interaction between its dispatch and the end of its token. */
export interface StoredInteraction {
  id: Snowflake;
  token: string;
  /** InteractionType: 2 command, 3 component, 4 autocomplete, 5 modal submit. */
  type: number;
  userId: Snowflake;
  channelId: Snowflake;
  createdAtMs: number;
  expiresAtMs: number;
  /** The token was ended before its time, and the bot has not met that. */
  hasUntoldEnd: boolean;
  /** InteractionContextType and the installation that answers for it. */
  context: number;
  owners: Record<string, Snowflake>;
  /** The `d` of INTERACTION_CREATE. */
  payload: JsonObject;
  /** The message a component sits on. */
  sourceMessageId: Snowflake | null;
  /** What `@original` stands for; null before the first answer. */
  originalId: Snowflake | null;
  messageIds: Snowflake[];
  followUps: number;
  acknowledgement: Acknowledgement | null;
  failed: boolean;
  settled: Promise<Acknowledgement>;
  settle(result: Acknowledgement | Error): void;
}

/** An event on its way to the bot's sessions. */
export interface Dispatch {
  event: string;
  /** The intent bit that a session needs; null: none. */
  intent: number | null;
  /** Builds `d` for a session with or without the MessageContent intent. */
  data: (messageContent: boolean) => JsonObject;
}

/** An event as a test wrote it, whatever the documentation says. */
export interface RawEvent {
  event: string;
  data: Json;
}

/** A call that Discord would hold against the bot's address. */
export interface InvalidRequest {
  /** Milliseconds of the stand-in's clock. */
  at: number;
  route: RouteName | null;
  status: number;
  /** Whether a fault of the test made it so. */
  provoked: boolean;
}

/** The state of the stand-in. Everything in it is owned by one `startFakeDiscord`. */
export interface World {
  now(): number;
  snowflake(): Snowflake;
  readonly token: string;
  readonly applicationId: Snowflake;
  readonly botUserId: Snowflake;
  readonly ownerId: Snowflake;
  readonly guildId: Snowflake;
  readonly foreignGuildId: Snowflake;
  /** Installed with the scope `applications.commands` and without `bot`. */
  readonly commandsOnlyGuildId: Snowflake;
  readonly botRoleId: Snowflake;
  readonly guildLocale: string;
  readonly messageContentIntent: boolean;
  readonly users: Map<Snowflake, StoredUser>;
  readonly channels: Map<Snowflake, StoredChannel>;
  readonly messages: Map<Snowflake, StoredMessage>;
  readonly files: Map<Snowflake, StoredFile>;
  readonly commands: Map<Snowflake, ApiCommand>;
  readonly interactions: Map<Snowflake, StoredInteraction>;
  readonly violations: string[];
  /** Failures to come, oldest first; `times` counts down. */
  outage: Outage;
  readonly failures: (FailNext & { times: number })[];
  readonly changes: Feed<Change>;
  readonly dispatches: Feed<Dispatch>;
  readonly rawEvents: Feed<RawEvent>;
  /** Scheme, host and port; known once the server listens. */
  origin: string;
  attachmentSizeLimitBytes: number;
  commandCreates: number;
  /** People who installed the app for themselves as well. */
  readonly userInstalls: Set<Snowflake>;
  /** What AutoMod blocks, by channel. */
  readonly autoMod: Map<Snowflake, RegExp>;
  /** Guilds that the bot is in. All but one are only counted. */
  guildCount: number;
  /** Null: identifies are not counted. */
  identifyLimit: IdentifyLimit | null;
  /** Fields of READY's application beside those that belong there. */
  readyApplication: JsonObject;
  /** Connections to the gateway are cut before a word was said. */
  isGatewaySilent: boolean;
  rateLimits: RateLimits;
  /** Of the last ten minutes, oldest first. */
  readonly invalidRequests: InvalidRequest[];
  readonly invalidRequestLimit: number;
  botConnected: boolean;
  /** Set while the stand-in strays from the documentation; what it made of payloads and bodies is in `deviated`. */
  deviations: Deviations | null;
  readonly deviated: WeakSet<object>;
}

/** Generous, so that tests do not wait; Discord's own is about 5 per 5 s and route. */
const defaultRateLimit: RateLimit = { limit: 50, windowSeconds: 1 };

/** A new world with nobody in it; `populateWorld` adds the guild and its people. */
export function createWorld(options: FakeDiscordOptions): World {
  const now = options.now ?? Date.now;
  const snowflake = createSnowflakes(now);
  const applicationId = snowflake();
  return {
    now,
    snowflake,
    // Shaped like a real one: the bot's id in base64, then two parts.
    token: `${Buffer.from(applicationId).toString('base64url')}.GkInRa.${'local-stand-in-no-secret-'.repeat(2).slice(0, 38)}`,
    applicationId,
    // Of new applications, the bot user has the application's id.
    botUserId: applicationId,
    ownerId: snowflake(),
    guildId: snowflake(),
    foreignGuildId: snowflake(),
    commandsOnlyGuildId: snowflake(),
    botRoleId: snowflake(),
    guildLocale: options.guildLocale ?? 'en-US',
    messageContentIntent: options.messageContentIntent ?? false,
    users: new Map(),
    channels: new Map(),
    messages: new Map(),
    files: new Map(),
    commands: new Map(),
    interactions: new Map(),
    violations: [],
    outage: options.outage ?? 'none',
    failures: [],
    changes: createFeed(),
    dispatches: createFeed(),
    rawEvents: createFeed(),
    origin: '',
    attachmentSizeLimitBytes: options.attachmentSizeLimitBytes ?? 20 * 1024 * 1024,
    commandCreates: 0,
    rateLimits: { perRoute: options.rateLimit ?? defaultRateLimit, messages: null, globalPerSecond: null },
    userInstalls: new Set(),
    autoMod: new Map(),
    guildCount: 1,
    identifyLimit: null,
    readyApplication: {},
    isGatewaySilent: false,
    invalidRequests: [],
    invalidRequestLimit: options.invalidRequestLimit ?? 9000,
    botConnected: false,
    deviations: null,
    deviated: new WeakSet(),
  };
}

/** Records something that neither Discord nor the stand-in knows. */
export function recordViolation(world: World, text: string): void {
  world.violations.push(text);
  world.changes.emit({ kind: 'violation', text });
}

/** 2015-01-01, the zero of Discord's ids, in milliseconds since 1970. */
const discordEpochMs = 1_420_070_400_000;
/** Earlier clocks would give ids of fewer than 17 digits, which break the client's rate-limit buckets. */
const earliestMs = discordEpochMs + 400 * 24 * 3600 * 1000;

/** Makes a source of ids that carry the clock's time, always increase and have 17 to 19 digits. */
function createSnowflakes(now: () => number): () => Snowflake {
  let last = 0n;
  return () => {
    const fromClock = BigInt(Math.max(Math.floor(now()), earliestMs) - discordEpochMs) << 22n;
    last = fromClock > last ? fromClock : last + 1n;
    return last.toString();
  };
}
