import type { Conditions, RateLimit } from './condition-types.ts';
import type { FailNext } from './fail-next.ts';
import type {
  ApiChoice,
  ApiCommand,
  ApiComponent,
  ApiMessage,
  ApiUser,
  Json,
  JsonObject,
  Snowflake,
} from './payloads.ts';
import type {
  ChannelTypeName,
  FileInput,
  ListedChannel,
  Place,
  PostRequest,
  Threads,
  UserOptions,
} from './post-types.ts';
import type { RouteName } from './route-names.ts';

export type { FileInput } from './post-types.ts';

/** One REST call of the bot with its answer. Tokens are masked. */
export interface RestExchange {
  kind: 'rest';
  /** Milliseconds of the stand-in's clock. */
  at: number;
  method: string;
  /** The template that matched, or null for an unknown route. */
  route: RouteName | null;
  /** Path below `/api/v10`, percent-decoded. */
  path: string;
  query: Readonly<Record<string, string>>;
  /** Whether an Authorization header came with the call. */
  authorized: boolean;
  /** The JSON body (`payload_json` of a multipart body); null when there was none. */
  requestBody: Json;
  files: readonly { field: string; name: string; contentType: string; sizeBytes: number }[];
  /** 0 when the connection was reset on purpose. */
  status: number;
  responseHeaders: Readonly<Record<string, string>>;
  /** null for an empty answer. */
  responseBody: Json;
  /** Set where the stand-in strayed from the documentation on purpose. */
  deviated?: true;
}

/** One gateway payload. Tokens are masked. */
export interface GatewayExchange {
  kind: 'gateway';
  at: number;
  /** Seen from the bot: `in` is what the stand-in sent. */
  direction: 'in' | 'out';
  payload: JsonObject;
  /** Set where the stand-in strayed from the documentation on purpose. */
  deviated?: true;
}

/** What passed between the bot and the stand-in. */
export type Exchange = RestExchange | GatewayExchange;

/** Something that people, or the playground, can see happen. Plain JSON. */
export type Change =
  | { kind: 'message-create' | 'message-update'; message: ApiMessage; visibleTo: Snowflake | null }
  | { kind: 'message-delete'; messageId: Snowflake; channelId: Snowflake }
  | {
      kind: 'reaction-add' | 'reaction-remove';
      messageId: Snowflake;
      channelId: Snowflake;
      userId: Snowflake;
      emoji: string;
    }
  | { kind: 'interaction-create' | 'interaction-failed'; interactionId: Snowflake; userId: Snowflake }
  | { kind: 'interaction-acknowledged'; interactionId: Snowflake; userId: Snowflake; acknowledgement: Acknowledgement }
  | { kind: 'typing'; channelId: Snowflake }
  | { kind: 'commands'; commands: ApiCommand[] }
  /** There is a new channel or thread, or one was archived or is active again. */
  | { kind: 'channels' }
  | { kind: 'gateway'; state: 'ready' | 'resumed' | 'closed' }
  | { kind: 'violation'; text: string };

/** The bot's first answer to an interaction. */
export interface Acknowledgement {
  /** InteractionResponseType: 4 message, 5 deferred message, 6 deferred update, 7 update, 8 autocomplete, 9 modal. */
  type: number;
  /** Between the dispatch and the callback, by the stand-in's clock. */
  latencyMs: number;
  ephemeral: boolean;
  /** Set for type 9. */
  modal: Modal | null;
  /** Set for type 8. */
  choices: ApiChoice[] | null;
}

/** A form that the bot opened. */
export interface Modal extends JsonObject {
  custom_id: string;
  title: string;
  components: ApiComponent[];
}

/** One thing that a person asked, and what came of it. */
export interface InteractionHandle {
  readonly id: Snowflake;
  readonly token: string;
  readonly userId: Snowflake;
  readonly channelId: Snowflake;
  /** The first answer. Rejects with an AppError `not-acknowledged` when none came within 3 s. Never an unhandled rejection. */
  readonly acknowledged: Promise<Acknowledgement>;
  /** Live messages that this interaction made, oldest first: its answer (ephemeral or not) and follow-ups. */
  messages(): ApiMessage[];
  /** The answer `@original`, or for a component the message it sits on; undefined while there is none. */
  original(): ApiMessage | undefined;
  /**
   * The first of {@link InteractionHandle.messages} that satisfies the predicate, now or later. Rejects with an AppError
   * `not-acknowledged` where the bot's first answer did not come in time: it can send no message then.
   */
  waitForMessage(predicate?: (message: ApiMessage) => boolean, options?: WaitOptions): Promise<ApiMessage>;
}

/** How long to wait; there is no polling behind it. */
export interface WaitOptions {
  /** Default 25,000: less than a test's own. On expiry the promise rejects with an AppError `wait-timeout` that lists what was there. */
  timeoutMs?: number;
}

/** A slash command as typed. `command` is the name, with subcommands after spaces: `queue show`. */
export interface InvokeRequest extends Place {
  command: string;
  user?: Snowflake;
  options?: Readonly<Record<string, string | number | boolean>>;
  attachments?: Readonly<Record<string, FileInput>>;
  locale?: string;
}

/** "Apps → command" in a message's menu. */
interface MessageCommandRequest {
  command: string;
  targetMessageId: Snowflake;
  user?: Snowflake;
  locale?: string;
}

/** A component of a message. `customId` may be left out where the message has just one of its kind. */
export interface ComponentRequest {
  messageId: Snowflake;
  customId?: string;
  user?: Snowflake;
  locale?: string;
}

/** The filled-in form of an acknowledged interaction of type 9. Values by custom id; an array for menus. */
export interface SubmitModalRequest {
  interactionId: Snowflake;
  values: Readonly<Record<string, string | readonly string[]>>;
  attachments?: Readonly<Record<string, FileInput>>;
}

/** What a person has typed so far, and the option that has the focus. */
interface AutocompleteRequest extends InvokeRequest {
  focused: string;
}

/** `unreachable`: connections are cut, as without a network; `unavailable`: 503 without Discord's own body. */
export type Outage = 'none' | 'unreachable' | 'unavailable';

/** Options of `startFakeDiscord`. */
export interface FakeDiscordOptions {
  /** Default 0: any free port. */
  port?: number;
  /** Milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
  /** Default 20 MiB. */
  attachmentSizeLimitBytes?: number;
  /** The MessageContent switch of the developer portal. Default false, as there. */
  messageContentIntent?: boolean;
  /** How it begins. Default `none`. */
  outage?: Outage;
  /** The guild's language. Default `en-US`. */
  guildLocale?: string;
  /** What the first ones are called. Default: Owner, Alice and general. */
  names?: { owner?: string; user?: string; channel?: string };
  /** Calls per route and window. Default 50 per second, so that tests do not wait; Discord's own is about 5 per 5 s. */
  rateLimit?: RateLimit;
  /** So many invalid requests (401, 403, 429) within ten minutes are a violation. Default 9,000; Discord bans at 10,000. */
  invalidRequestLimit?: number;
  /**
   * Called with every exchange once `violations()` is read (not before: it may be slow); each string it returns, and
   * anything it throws, becomes a violation.
   */
  validate?: (exchange: Exchange) => readonly string[];
  /** Called with every exchange, for a log. */
  log?: (exchange: Exchange) => void;
}

/** What people do. Every `user` defaults to the first user. */
export interface Actor {
  createUser(name: string, options?: UserOptions): ApiUser;
  /** Gives a person another avatar, a PNG; the bot is not told of it. */
  setAvatar(user: Snowflake, avatar: Uint8Array): void;
  createChannel(name: string, options?: { type?: ChannelTypeName; nsfw?: boolean }): Snowflake;
  /** The person's conversation with the bot; made when missing. */
  openDm(user: Snowflake): Snowflake;
  invoke(request: InvokeRequest): InteractionHandle;
  /** "Apps → command" in a person's menu. */
  invokeUserCommand(
    request: Place & { command: string; targetUserId: Snowflake; user?: Snowflake; locale?: string },
  ): InteractionHandle;
  invokeMessageCommand(request: MessageCommandRequest): InteractionHandle;
  clickButton(request: ComponentRequest): InteractionHandle;
  selectOption(request: ComponentRequest & { values: readonly string[] }): InteractionHandle;
  submitModal(request: SubmitModalRequest): InteractionHandle;
  autocomplete(request: AutocompleteRequest): Promise<ApiChoice[]>;
  postMessage(request: PostRequest): ApiMessage;
  react(request: { messageId: Snowflake; emoji: string; user?: Snowflake }): void;
  unreact(request: { messageId: Snowflake; emoji: string; user?: Snowflake }): void;
  /** For an ephemeral message this is "Dismiss": the bot meets 10008 from then on. */
  deleteMessage(request: { messageId: Snowflake }): void;
}

/** What can be seen. */
export interface Observer {
  /**
   * Oldest first. With `viewer`, other people's ephemeral messages are left out, and `me` of a reaction means the viewer
   * (otherwise the bot).
   */
  messages(channelId?: Snowflake, viewer?: Snowflake): ApiMessage[];
  /** The same for one message. */
  message(id: Snowflake, viewer?: Snowflake): ApiMessage | undefined;
  /** A link to an attachment that is valid from now on. */
  attachmentLink(id: Snowflake): string | undefined;
  users(): ApiUser[];
  /** The bot's own user. */
  bot(): ApiUser;
  /** Channels and threads of the guilds, those without the bot too; in the order in which they were made. */
  channels(): ListedChannel[];
  /** The guild's roles, everybody's first. */
  roles(): { id: Snowflake; name: string }[];
  waitForMessage(predicate: (message: ApiMessage) => boolean, options?: WaitOptions): Promise<ApiMessage>;
  waitForChange(predicate: (change: Change) => boolean, options?: WaitOptions): Promise<Change>;
  /** Resolves once the bot is connected and has registered the named commands. */
  waitForCommands(names: readonly string[], options?: WaitOptions): Promise<void>;
  /** Returns a function that ends the subscription. */
  onChange(listener: (change: Change) => void): () => void;
  /** Returns a function that ends the subscription. */
  onExchange(listener: (exchange: Exchange) => void): () => void;
  registeredCommands(): ApiCommand[];
  interaction(id: Snowflake): InteractionHandle | undefined;
  /** Oldest first, the latest 10,000. */
  exchanges(): readonly Exchange[];
  /** REST calls of one route, oldest first. */
  calls(route: RouteName): RestExchange[];
  /** Unknown routes, methods, query or body fields, and what `validate` found. Tests assert that it is empty. */
  violations(): readonly string[];
  /** Fetches over HTTP as a browser would. `range` is the header's value: `bytes=0-99`. */
  download(url: string, range?: string): Promise<{ status: number; headers: Headers; bytes: Uint8Array }>;
}

/** Things that go wrong at the real one. */
export interface Faults {
  /** Closes the connection. Default 4000, after which the client resumes. */
  dropGateway(options?: { code?: number }): void;
  /** Op 9. Default: not resumable. */
  invalidateSession(options?: { resumable?: boolean }): void;
  /** Op 7. */
  reconnectRequest(): void;
  failNext(failure: FailNext): void;
  /** From now on, for REST, gateway and attachments: see {@link Outage}. */
  setOutage(outage: Outage): void;
  /** Ends the interaction's token now: 401/50027 on its routes. */
  expireToken(interactionId: Snowflake): void;
  /** The bot's permissions in a channel (bit field). */
  setPermissions(channelId: Snowflake, bits: bigint): void;
  setAttachmentSizeLimit(bytes: number): void;
}

/** A running stand-in of Discord on 127.0.0.1. */
export interface FakeDiscord extends Actor, Threads, Observer, Faults, Conditions {
  /** For `rest.api` of discord.js: `http://127.0.0.1:PORT/api`. */
  readonly apiUrl: string;
  /** `ws://127.0.0.1:PORT/gateway`; the client learns it from `GET /gateway/bot`. */
  readonly gatewayUrl: string;
  /** For `rest.cdn` and `rest.mediaProxy` of discord.js: stickers and avatars. */
  readonly cdnUrl: string;
  /** `127.0.0.1:PORT`, for the bot's allowed attachment hosts. */
  readonly cdnHost: string;
  readonly token: string;
  readonly applicationId: Snowflake;
  readonly botUserId: Snowflake;
  readonly guildId: Snowflake;
  readonly channelId: Snowflake;
  /** The first user, a plain member. */
  readonly userId: Snowflake;
  /** The guild's owner, who has all permissions. */
  readonly ownerId: Snowflake;
  close(): Promise<void>;
}
