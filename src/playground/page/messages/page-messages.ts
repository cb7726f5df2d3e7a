import type { BotState } from '../../protocol.ts';

/** The page's own texts; those of the bot come from the bot. A language is one file that implements this. */
export interface PageMessages {
  /** For the bot's and the browser's formats. */
  locale: string;
  languageName: string;
  title: string;
  skipToComposer: string;
  server: string;
  textChannels: string;
  directMessages: string;
  otherServer: string;
  forums: string;
  threadOf(channel: string): string;
  postOf(channel: string): string;
  beginningElsewhere: string;
  forum: string;
  noPosts: string;
  postTitle: string;
  postText: string;
  post: string;
  startThread: string;
  newThread: string;
  archive: string;
  reopen: string;
  archived: string;
  moderator: string;
  moderatorLong: string;
  channelList: string;
  panel: string;
  openPanel: string;
  closePanel: string;
  closeList: string;
  secondPerson: string;
  secondPersonLong: string;
  you: string;
  language: string;
  theme: string;
  themes: Readonly<Record<'system' | 'light' | 'dark', string>>;
  botStates: Readonly<Record<BotState, string>>;
  connecting: string;
  lost: string;
  lostForGood: string;
  messages: string;
  beginning(channel: string): string;
  beginningOfDm: string;
  welcomeTitle: string;
  welcomeText: string;
  tryIt: string;
  orPick: string;
  animateSample(name: string): string;
  modelLead(name: string): string;
  /** In place of the model's own description, where that says that it is a toy. */
  toyModel(name: string): string;
  today(time: string): string;
  yesterday(time: string): string;
  edited: string;
  used: string;
  thinking(name: string): string;
  onlyYou: string;
  dismiss: string;
  deletedReply: string;
  openPicture: string;
  clickForPicture: string;
  picture: string;
  clip: string;
  download: string;
  spoiler: string;
  showSpoiler: string;
  jump: string;
  more(author: string): string;
  menu: string;
  reply: string;
  /** Above a forwarded message. */
  forwarded: string;
  apps: string;
  appsFor: (name: string) => string;
  addReaction(emoji: string): string;
  removeReaction(emoji: string, count: number): string;
  react(emoji: string, count: number): string;
  deleteMessage: string;
  delete: string;
  typing(name: string): string;
  failed: string;
  noAnswer: string;
  wrongFile: string;
  composer(channel: string): string;
  /** For narrow windows, where the browser would cut the longer one. */
  composerShort(channel: string): string;
  attach: string;
  commands: string;
  send: string;
  replyingTo(name: string): string;
  cancelReply: string;
  remove(name: string): string;
  commandList: string;
  noCommand: string;
  required: string;
  optionsLeft(count: number): string;
  run: string;
  running: string;
  close: string;
  choose: string;
  yes: string;
  no: string;
  range(min: number, max: number): string;
  isRequired: string;
  notANumber: string;
  outOfRange(min: number, max: number): string;
  chooseFromList: string;
  dropHere: string;
  browse: string;
  orPaste: string;
  samples: string;
  useSample(name: string): string;
  uploadLimit(size: string): string;
  tooLarge(size: string): string;
  suggestions: string;
  submit: string;
  cancel: string;
  something: string;
  select: string;
  noBotSelect: string;
  exchange: string;
  exchangeLead: string;
  filter: string;
  kinds: Readonly<Record<'all' | 'rest' | 'gateway', string>>;
  heartbeats: string;
  clear: string;
  noExchange: string;
  shown(count: number, all: number): string;
  requestBody: string;
  responseBody: string;
  files: string;
  fromBot: string;
  toBot: string;
  faults: string;
  faultsLead: string;
  faultNames: Readonly<Record<FaultKey, string>>;
  faultTexts: Readonly<Record<FaultKey, string>>;
  faultDone: Readonly<Record<FaultKey, string>>;
  megabytes(count: number): string;
}

/** The switches, as the page groups them. */
export type FaultKey =
  | 'drop-gateway'
  | 'expire-tokens'
  | 'fail-429'
  | 'fail-500'
  | 'upload-limit'
  | 'restart-bot'
  | 'kill-render-process';

/** The form of a word that a count takes in a language. */
export function plural(count: number, locale: string, { one, other }: { one: string; other: string }): string {
  return new Intl.PluralRules(locale).select(count) === 'one' ? one : other;
}
