import type { ApiCommand, ApiMessage, ApiUser, Snowflake } from '../../../fake-discord/payloads.ts';
import type { Exchange, Modal } from '../../../fake-discord/types.ts';
import type { BotState, PlaygroundChannel, PlaygroundModel, SamplePicture } from '../../protocol.ts';
import type { FaultKey } from '../messages/page-messages.ts';
import type { CommandForm } from './command-form.ts';

/** A language that the page speaks. */
export type Language = 'en' | 'es';

/** The notice of an interaction without an answer, which Discord's client also keeps to itself. */
export interface Notice {
  id: string;
  channelId: Snowflake;
  /** The latest message when it happened. */
  afterMessageId: Snowflake;
  command: string;
  text: string;
  atMs: number;
}

/** A form that the bot opened. */
interface OpenModal {
  interactionId: Snowflake;
  modal: Modal;
  isSending: boolean;
  problem: string | null;
}

/** An exchange with a stable number, as the key of its line. */
export interface SeenExchange {
  number: number;
  exchange: Exchange;
}

/** What the server sent in its welcome, kept up to date by what it sent since. */
interface Session {
  me: ApiUser;
  isAdmin: boolean;
  /** May delete what others wrote in the server. */
  isModerator: boolean;
  bot: ApiUser;
  users: ReadonlyMap<Snowflake, ApiUser>;
  channels: PlaygroundChannel[];
  roles: readonly { id: Snowflake; name: string }[];
  /** Oldest first. */
  messages: ApiMessage[];
  commands: ApiCommand[];
  samples: SamplePicture[];
  model: PlaygroundModel;
  botState: BotState;
  uploadLimitBytes: number;
  reactionEmoji: string;
}

/** Everything that the page shows; replaced piece by piece, never changed in place. */
export interface PageState {
  connection: 'connecting' | 'open' | 'lost' | 'closed';
  /** Null until the server has welcomed the page. */
  session: Session | null;
  exchanges: readonly SeenExchange[];
  /** `message emoji` of reactions that are the person's own. */
  ownReactions: ReadonlySet<string>;
  typingUntilMs: Readonly<Record<Snowflake, number>>;
  channelId: Snowflake;
  language: Language;
  theme: 'system' | 'light' | 'dark';
  isPanelOpen: boolean;
  /** On narrow screens. */
  isChannelListOpen: boolean;
  panelTab: 'exchange' | 'faults';
  /** What came of the switches when they were last used. */
  faultNotes: Readonly<Partial<Record<FaultKey, { text: string; isProblem: boolean; atMs: number }>>>;
  exchangeFilter: { text: string; kind: 'all' | 'rest' | 'gateway'; heartbeats: boolean };
  form: CommandForm | null;
  modal: OpenModal | null;
  menu: { messageId: Snowflake; left: number; top: number } | null;
  replyTo: Snowflake | null;
  /** How often the person sent something: each time, the end of the conversation is shown. */
  sentCount: number;
  draft: string;
  /** Of a post to a forum. */
  draftTitle: string;
  draftFiles: readonly { file: File; url: string }[];
  /** The highlighted entry of the command list; the list is open while the draft begins with a slash. */
  commandIndex: number;
  /** `message customId` of components whose answer is awaited. */
  busy: ReadonlySet<string>;
  /** Under a message: the component that was used got no answer. */
  failures: ReadonlyMap<Snowflake, string>;
  notices: readonly Notice[];
  /** A sentence that goes away by itself. */
  toast: { text: string; isProblem: boolean } | null;
  /** For screen readers. */
  announcement: string;
  /** The message that the arrow keys stand on. */
  activeMessageId: Snowflake | null;
}
