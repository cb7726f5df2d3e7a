/** A decimal id of 17–19 digits whose upper bits are a time, as everywhere at Discord. */
export type Snowflake = string;

/** Anything that `JSON.parse` can return. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object; `undefined` members are left out on the wire. */
export interface JsonObject {
  [key: string]: Json | undefined;
}

/** A user object as the API sends it. */
export interface ApiUser extends JsonObject {
  id: Snowflake;
  username: string;
  global_name: string | null;
  discriminator: string;
  avatar: string | null;
  bot?: boolean;
}

/** An attachment of a message or of a command option. `url` is signed and expires. */
export interface ApiAttachment extends JsonObject {
  id: Snowflake;
  filename: string;
  /** Bytes. */
  size: number;
  url: string;
  proxy_url: string;
  content_type?: string;
  width?: number;
  height?: number;
  ephemeral?: boolean;
  description?: string;
}

/** A component of any type: rows hold `components`, buttons and menus have a `custom_id`. */
export interface ApiComponent extends JsonObject {
  type: number;
  id?: number;
  custom_id?: string;
  label?: string;
  style?: number;
  disabled?: boolean;
  components?: ApiComponent[];
  component?: ApiComponent;
}

/** One emoji's count under a message. */
export interface ApiReaction extends JsonObject {
  count: number;
  me: boolean;
  emoji: { id: Snowflake | null; name: string };
}

/** A message object as its author sees it: nothing withheld for want of an intent. */
export interface ApiMessage extends JsonObject {
  id: Snowflake;
  channel_id: Snowflake;
  author: ApiUser;
  content: string;
  /** ISO 8601. */
  timestamp: string;
  /** ISO 8601, or null while the message was never edited. */
  edited_timestamp: string | null;
  type: number;
  /** Bit 6 (64) says ephemeral, bit 7 (128) says that the bot is "thinking". */
  flags: number;
  tts: boolean;
  pinned: boolean;
  mention_everyone: boolean;
  mentions: ApiUser[];
  mention_roles: Snowflake[];
  attachments: ApiAttachment[];
  embeds: JsonObject[];
  components: ApiComponent[];
  reactions?: ApiReaction[];
  nonce?: string | number;
}

/** One option of a registered command. */
export interface ApiCommandOption extends JsonObject {
  type: number;
  name: string;
  description: string;
  required?: boolean;
  autocomplete?: boolean;
  min_value?: number;
  max_value?: number;
  min_length?: number;
  max_length?: number;
  choices?: ApiChoice[];
  /** Of an attachment: `image`, `video`, `audio` or `.ext`. */
  file_types?: string[];
  options?: ApiCommandOption[];
}

/** A choice of an option, declared or answered to autocomplete. */
export interface ApiChoice extends JsonObject {
  name: string;
  value: string | number;
}

/** A registered application command. `type` 1 is a slash command, 2 a user command, 3 a message command. */
export interface ApiCommand extends JsonObject {
  id: Snowflake;
  application_id: Snowflake;
  guild_id?: Snowflake;
  type: number;
  name: string;
  description: string;
  options?: ApiCommandOption[];
  default_member_permissions: string | null;
  contexts: number[] | null;
  integration_types: number[];
  version: Snowflake;
}
