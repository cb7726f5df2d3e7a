import type { ApiMessage, ApiReaction, Snowflake } from '../../../fake-discord/payloads.ts';
import type { Change } from '../../../fake-discord/types.ts';
import type { ServerMessage, Welcome } from '../../protocol.ts';
import { plainText } from '../markdown.ts';
import type { PageState } from './page-state.ts';

/** How many exchanges are kept; more would make the page slow. */
const maxExchanges = 600;

/** The changes of the state that a message of the server makes. */
export function applyServerMessage(state: PageState, message: ServerMessage): Partial<PageState> {
  switch (message.kind) {
    case 'welcome':
      return welcomed(state, message);
    case 'change':
      return applyChange(state, message.change);
    case 'bot':
      return state.session === null ? {} : { session: { ...state.session, botState: message.state } };
    case 'users': {
      if (state.session === null) return {};
      const users = message.users.map((person) => [person.id, person] as const);
      return { session: { ...state.session, users: new Map([...state.session.users, ...users]) } };
    }
    case 'uploadLimit':
      return state.session === null ? {} : { session: { ...state.session, uploadLimitBytes: message.bytes } };
    case 'channels':
      return state.session === null ? {} : { session: { ...state.session, channels: message.channels } };
    case 'exchanges': {
      const next = (state.exchanges.at(-1)?.number ?? 0) + 1;
      const seen = message.exchanges.map((exchange, index) => ({ number: next + index, exchange }));
      return { exchanges: [...state.exchanges, ...seen].slice(-maxExchanges) };
    }
    default:
      return {};
  }
}

function welcomed(state: PageState, welcome: Welcome): Partial<PageState> {
  const { user, admin, moderator, users, channels, roles = [], ...rest } = welcome;
  const known = [...users, user, welcome.bot].map((person) => [person.id, person] as const);
  const own = welcome.messages.flatMap(({ id, reactions = [] }) =>
    reactions.filter(({ me }) => me).map(({ emoji }) => `${id} ${emoji.name}`),
  );
  const isSamePlace = channels.some(({ id }) => id === state.channelId);
  return {
    connection: 'open',
    session: {
      ...rest,
      me: user,
      isAdmin: admin,
      isModerator: admin || moderator,
      users: new Map(known),
      channels,
      roles,
    },
    channelId: isSamePlace ? state.channelId : (channels[0]?.id ?? ''),
    exchanges: [],
    ownReactions: new Set(own),
    busy: new Set(),
  };
}

/** How long Discord shows "is typing". */
const typingMs = 10_000;

/** The changes of the state that a change in the stand-in of Discord makes. */
function applyChange(state: PageState, change: Change): Partial<PageState> {
  const { session } = state;
  if (session === null) return {};
  switch (change.kind) {
    case 'message-create':
    case 'message-update': {
      const { message } = change;
      const before = session.messages.find(({ id }) => id === message.id);
      const users = new Map(session.users);
      for (const person of [message.author, ...message.mentions]) {
        if (!users.has(person.id)) users.set(person.id, person);
      }
      const messages = before
        ? session.messages.map((other) => (other === before ? message : other))
        : [...session.messages, message].sort(byAge);
      const typingUntilMs = { ...state.typingUntilMs, [message.channel_id]: 0 };
      return { session: { ...session, messages, users }, typingUntilMs, ...announced(state, message, before) };
    }
    case 'message-delete':
      return { session: { ...session, messages: without(session.messages, change.messageId) } };
    case 'reaction-add':
    case 'reaction-remove':
      return reacted(state, change);
    case 'commands':
      return { session: { ...session, commands: change.commands } };
    case 'typing':
      return { typingUntilMs: { ...state.typingUntilMs, [change.channelId]: Date.now() + typingMs } };
    default:
      return {};
  }
}

/** Removes a message, also where others quote it. */
function without(messages: readonly ApiMessage[], messageId: Snowflake): ApiMessage[] {
  return messages
    .filter(({ id }) => id !== messageId)
    .map((message) => {
      const { referenced_message: quoted } = message;
      const isQuoted = typeof quoted === 'object' && quoted !== null && 'id' in quoted && quoted.id === messageId;
      return isQuoted ? { ...message, referenced_message: null } : message;
    });
}

function reacted(
  state: PageState,
  change: Extract<Change, { kind: 'reaction-add' | 'reaction-remove' }>,
): Partial<PageState> {
  const { session } = state;
  if (session === null) return {};
  const { messageId, userId, emoji, kind } = change;
  const by = kind === 'reaction-add' ? 1 : -1;
  const messages = session.messages.map((message) =>
    message.id === messageId ? { ...message, reactions: counted(message.reactions ?? [], emoji, by) } : message,
  );
  const ownReactions = new Set(state.ownReactions);
  if (userId === session.me.id) ownReactions[by === 1 ? 'add' : 'delete'](`${messageId} ${emoji}`);
  return { session: { ...session, messages }, ownReactions };
}

function counted(reactions: readonly ApiReaction[], emoji: string, by: 1 | -1): ApiReaction[] {
  const isKnown = reactions.some((reaction) => reaction.emoji.name === emoji);
  const all = isKnown ? reactions : [...reactions, { emoji: { id: null, name: emoji }, count: 0, me: false }];
  return all
    .map((reaction) => (reaction.emoji.name === emoji ? { ...reaction, count: reaction.count + by } : reaction))
    .filter(({ count }) => count > 0);
}

/** Announces new messages to screen readers, and edits if their first words changed: not each step of a progress bar. */
function announced({ session, channelId }: PageState, message: ApiMessage, before?: ApiMessage): Partial<PageState> {
  if (message.channel_id !== channelId || message.author.id === session?.me.id) return {};
  const [now, then] = [firstWords(message), before && firstWords(before)];
  if (now === '' || now === then) return {};
  return { announcement: `${message.author.global_name ?? message.author.username}: ${now}` };
}

function firstWords({ content }: ApiMessage): string {
  return plainText(content).split(/[·\n]/)[0]!.trim();
}

/** Snowflakes grow with time; compared as numbers, since their length grows too. */
function byAge(one: { id: Snowflake }, other: { id: Snowflake }): number {
  return BigInt(one.id) < BigInt(other.id) ? -1 : 1;
}
