import type { ServerMessage, Welcome } from '../../protocol.ts';
import { applyChange } from './apply-change.ts';
import type { PageState } from './page-state.ts';

/** More would make the page slow, and nobody reads them. */
const maxExchanges = 600;

/** The state after something that the server said. */
export function applyServerMessage(state: PageState, message: ServerMessage): Partial<PageState> {
  switch (message.kind) {
    case 'welcome':
      return welcomed(state, message);
    case 'change':
      return applyChange(state, message.change);
    case 'bot':
      return state.told === null ? {} : { told: { ...state.told, botState: message.state } };
    case 'users': {
      if (state.told === null) return {};
      const users = message.users.map((person) => [person.id, person] as const);
      return { told: { ...state.told, users: new Map([...state.told.users, ...users]) } };
    }
    case 'uploadLimit':
      return state.told === null ? {} : { told: { ...state.told, uploadLimitBytes: message.bytes } };
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
  const { user, admin, users, channels, roles = [], ...rest } = welcome;
  const known = [...users, user, welcome.bot].map((person) => [person.id, person] as const);
  const own = welcome.messages.flatMap(({ id, reactions = [] }) =>
    reactions.filter(({ me }) => me).map(({ emoji }) => `${id} ${emoji.name}`),
  );
  const isSamePlace = channels.some(({ id }) => id === state.channelId);
  return {
    connection: 'open',
    told: { ...rest, me: user, isAdmin: admin, users: new Map(known), channels, roles },
    channelId: isSamePlace ? state.channelId : (channels[0]?.id ?? ''),
    exchanges: [],
    ownReactions: new Set(own),
    busy: new Set(),
  };
}
