import type { ApiMessage, Json, JsonObject, Snowflake } from './payloads.ts';

/** A file that a person attaches. */
export interface FileInput {
  name: string;
  bytes: Uint8Array;
  /** What the client claims; guessed from the name when absent. Discord does not check it either. */
  contentType?: string;
  /** Blurred until clicked: the IS_SPOILER flag. Default false, or true for the old `SPOILER_` names. */
  spoiler?: boolean;
  /** Alt text. */
  description?: string;
}

/** A sticker in a message. The CDN has PNG for `png` and `apng`, GIF for `gif`, JSON for `lottie`. */
export interface StickerInput {
  name: string;
  format: 'png' | 'apng' | 'lottie' | 'gif';
  bytes: Uint8Array;
}

/** What a new person, or another app's bot, is like. */
export interface UserOptions {
  locale?: string;
  /** Has all permissions in the guild. */
  admin?: boolean;
  /** Default true; with false they are kept out of the guild. */
  member?: boolean;
  /** The bytes of a PNG. */
  avatar?: Uint8Array;
  /** For the guild alone. */
  guildAvatar?: Uint8Array;
  /** Another app's. */
  isBot?: boolean;
}

/** Where somebody acts. Default: the guild's first channel. */
export interface Place {
  /**
   * `dm` is the conversation with the bot. In the next two only the user installed the app: `user-install` is a channel
   * of a guild without the bot, `private-channel` a conversation between people. `commands-only` is a channel of a guild
   * that installed the app's commands without its bot.
   */
  place?: 'guild' | 'dm' | 'user-install' | 'private-channel' | 'commands-only';
  /** A channel of {@link FakeDiscord.guildId} or one made by `createChannel`; goes before `place`. */
  channelId?: Snowflake;
}

/** What somebody posts. Other apps' bots post `embeds` and `components`; the stand-in lets everybody do it. */
export interface PostRequest extends Place {
  content?: string;
  attachments?: readonly FileInput[];
  user?: Snowflake;
  replyTo?: Snowflake;
  embeds?: JsonObject[];
  /**
   * Components V2 as an app sends them, with `attachment://name` for its files: sections, galleries, files, containers. The
   * message has the IS_COMPONENTS_V2 flag, and its `attachments` are empty for readers although files were uploaded.
   */
  components?: Json[];
  stickers?: readonly StickerInput[];
  /** The message to forward: the new one is empty but for a snapshot of it. */
  forward?: Snowflake;
}

/** A thread to be made. */
export interface ThreadRequest {
  name: string;
  /** Default: {@link FakeDiscord.channelId}. A forum's threads are made by {@link Threads.createForumPost}. */
  parentId?: Snowflake;
  /** Default `public`. */
  type?: 'public' | 'private' | 'announcement';
  archived?: boolean;
  locked?: boolean;
  /** Default true, but false for private threads: the bot has to be added there. */
  botIsMember?: boolean;
  /**
   * Default true: the gateway tells the client of it. With false the client has it not in its cache, as after a start for
   * threads that were archived then; only what arrives with interactions says what it is.
   */
  announced?: boolean;
  /** Who made it. */
  user?: Snowflake;
}

/** A channel of a guild, or a thread, as people see it in their client's list. */
export interface ListedChannel {
  id: Snowflake;
  name: string;
  /** ChannelType number. */
  type: number;
  /** Whether the bot is a member of the guild. */
  hasBot: boolean;
  /** The channel that a thread belongs to. */
  parentId: Snowflake | null;
  /** Threads alone. */
  archived: boolean;
}

/** Threads and the channels that hold them. */
export interface Threads {
  /** Returns the thread's id, which is a channel's. */
  createThread(request: ThreadRequest): Snowflake;
  /** A channel of threads alone. Returns its id. */
  createForum(name: string): Snowflake;
  /** A forum's post: a thread, and its first message, which has the thread's id. */
  createForumPost(
    request: Omit<ThreadRequest, 'parentId' | 'type'> &
      Omit<PostRequest, 'place' | 'channelId'> & { forumId: Snowflake },
  ): ApiMessage;
  /** Archives, locks, or the opposite, as a moderator or time does. */
  setThread(threadId: Snowflake, state: { archived?: boolean; locked?: boolean }): void;
}

/** The kinds of guild channel that `createChannel` makes; `text` unless said otherwise. */
export type ChannelTypeName = 'text' | 'voice' | 'announcement' | 'stage' | 'forum' | 'media';
