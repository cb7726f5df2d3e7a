import type { ApiChoice, ApiCommand, ApiMessage, ApiUser, Snowflake } from '../fake-discord/payloads.ts';
import type { Acknowledgement, Change, Exchange } from '../fake-discord/types.ts';

/**
 * What the page and the playground's server say to each other over the WebSocket `/live`, one JSON object a message.
 * The page is one person: `/live?user=ID` goes on as that person, without `user` (or with one that is gone) the server
 * makes a new one. Every URL in messages is a path on the page's own origin, the same for as long as the server runs;
 * with `&download=1` the browser saves what is there instead of showing it.
 */

/** A conversation that the page can show. */
export interface PlaygroundChannel {
  id: Snowflake;
  name: string;
  /** `elsewhere`: in a server without the bot, where everybody has the app for themselves. */
  kind: 'guild' | 'elsewhere' | 'dm';
  /** A forum holds threads alone, its posts. */
  shape: 'text' | 'forum' | 'thread';
  /** The channel that a thread belongs to. */
  parentId: Snowflake | null;
  archived: boolean;
}

/** A picture that ships with Kinora; `url` can be fetched and shown. */
export interface SamplePicture {
  name: string;
  url: string;
  credit: string;
}

/** Which model makes the clips, in words fit for a newcomer. */
export interface PlaygroundModel {
  name: string;
  description: string;
}

/** Everything the page has to know when it connects, and again when the server asks it to start over. */
export interface Welcome {
  kind: 'welcome';
  user: ApiUser;
  /** Whether the person has all permissions in the server, and so sees the commands for administrators. */
  admin: boolean;
  /** Whether the person may delete what others wrote in the server; administrators may anyhow. */
  moderator: boolean;
  bot: ApiUser;
  users: ApiUser[];
  channels: PlaygroundChannel[];
  /** The server's roles; where they are left out, a role is typed as an id. */
  roles?: { id: Snowflake; name: string }[];
  /** Of every channel, oldest first; other people's ephemeral messages are left out. */
  messages: ApiMessage[];
  commands: ApiCommand[];
  samples: SamplePicture[];
  model: PlaygroundModel;
  botState: BotState;
  /** For people and the bot alike; the fault `upload-limit` changes it. */
  uploadLimitBytes: number;
  /** The emoji that starts the bot when somebody reacts with it. */
  reactionEmoji: string;
}

/** `starting` and `stopping` while the bot is restarted; `reconnecting` while its gateway connection is down. */
export type BotState = 'starting' | 'ready' | 'reconnecting' | 'stopping' | 'stopped';

/** What the server tells the page. Changes that the person may not see (others' ephemeral messages) are not sent. */
export type ServerMessage =
  | Welcome
  | { kind: 'change'; change: Change }
  | { kind: 'bot'; state: BotState }
  /** Everybody, after somebody new came. */
  | { kind: 'users'; users: ApiUser[] }
  | { kind: 'uploadLimit'; bytes: number }
  /** The channels as they are now, after one came or changed. */
  | { kind: 'channels'; channels: PlaygroundChannel[] }
  /** Sent only after the action `watchExchanges`: first what came before, then each as it passes. Secrets are masked. */
  | { kind: 'exchanges'; exchanges: Exchange[] }
  /** The answer to an action: `value` as {@link ActionResults} says, or why it could not be done. */
  | { kind: 'done'; id: number; value: unknown }
  | { kind: 'refused'; id: number; reason: string };

/**
 * A file given before by `POST /files?name=NAME` (body: the bytes; answers `{ "fileId": string }`, or 413 and other
 * refusals with the reason as text), or a sample's name. Files that nobody uses are forgotten after a while.
 */
export type FileReference = { fileId: string } | { sample: string };

/** What was filled into a form that the bot opened, without its files. */
export type FormValues = Record<string, string | string[]>;

/** An option's value as a form gives it. */
export type OptionValue = string | number | boolean;

/** What a person can do, fault switches included. `locale` is the language of the person's Discord. */
export type Action =
  | {
      do: 'invoke';
      channelId: Snowflake;
      /** With subcommands after spaces. */
      command: string;
      options: Record<string, OptionValue>;
      files: Record<string, FileReference>;
      locale: string;
    }
  | {
      do: 'autocomplete';
      channelId: Snowflake;
      command: string;
      options: Record<string, OptionValue>;
      focused: string;
      locale: string;
    }
  | { do: 'invokeMessageCommand'; command: string; targetMessageId: Snowflake; locale: string }
  | { do: 'invokeUserCommand'; channelId: Snowflake; command: string; targetUserId: Snowflake; locale: string }
  | { do: 'clickButton'; messageId: Snowflake; customId: string; locale: string }
  | { do: 'selectOption'; messageId: Snowflake; customId: string; values: string[]; locale: string }
  | { do: 'submitModal'; interactionId: Snowflake; values: FormValues; files?: Record<string, FileReference> }
  | { do: 'postMessage'; channelId: Snowflake; content: string; files: FileReference[]; replyTo?: Snowflake }
  | { do: 'react' | 'unreact'; messageId: Snowflake; emoji: string }
  | { do: 'deleteMessage'; messageId: Snowflake }
  | { do: 'createThread'; channelId: Snowflake; name: string }
  /** To a forum. */
  | { do: 'createPost'; channelId: Snowflake; name: string; content: string; files: FileReference[] }
  | { do: 'archiveThread'; channelId: Snowflake; archived: boolean }
  /** Makes the person a moderator of the server, or a plain member again. */
  | { do: 'moderate'; moderator: boolean }
  | { do: 'watchExchanges'; watch: boolean }
  | { do: 'fault'; fault: Fault };

/** The switches for what goes wrong. */
export type Fault =
  | { name: 'drop-gateway' }
  /** Ends the tokens of every interaction whose job is not delivered yet. */
  | { name: 'expire-tokens' }
  /** The bot's next edit of a message is answered so. */
  | { name: 'fail-next-edit'; status: 429 | 500 }
  | { name: 'upload-limit'; bytes: number }
  | { name: 'restart-bot' }
  | { name: 'kill-render-process' };

/** What `done` carries for each action; undefined where nothing is named here. */
export interface ActionResults {
  /** Resolves when the bot has answered (or fails after 3 s: `refused` with "The application did not respond"). */
  invoke: { interactionId: Snowflake; acknowledgement: Acknowledgement };
  invokeMessageCommand: { interactionId: Snowflake; acknowledgement: Acknowledgement };
  invokeUserCommand: { interactionId: Snowflake; acknowledgement: Acknowledgement };
  clickButton: { interactionId: Snowflake; acknowledgement: Acknowledgement };
  selectOption: { interactionId: Snowflake; acknowledgement: Acknowledgement };
  submitModal: { interactionId: Snowflake; acknowledgement: Acknowledgement };
  autocomplete: { choices: ApiChoice[] };
  postMessage: { messageId: Snowflake };
  createThread: { channelId: Snowflake };
  createPost: { channelId: Snowflake };
}

/** Codes with which the server closes the WebSocket for good: the page does not reconnect. */
export const closeCode = { tooManyPeople: 4001, notUnderstood: 4002 } as const;

/** What the page sends: an action, and a number that the answer repeats. */
export type ClientMessage = Action & { id: number };
