import type { ApiMessage, Snowflake } from '../fake-discord/payloads.ts';
import type { Change, FakeDiscord } from '../fake-discord/types.ts';
import type { Person } from './people.ts';

/** What each person may see. */
export interface Visibility {
  /** Of all the person's channels, oldest first. */
  messagesFor(person: Person): ApiMessage[];
  /** The change as the person sees it; undefined where they do not. */
  changeFor(person: Person, change: Change): Change | undefined;
  /** The message, where the person sees it. */
  messageFor(person: Person, messageId: Snowflake): ApiMessage | undefined;
  /** Call after a change was sent to every page. */
  forget(change: Change): void;
}

/** Decides by the stand-in's conversations. Create it before the first message. */
export function createVisibility(discord: Pick<FakeDiscord, 'message' | 'messages' | 'onChange'>): Visibility {
  /** The one person who sees each ephemeral message, kept until its deletion was sent. */
  const owners = new Map<Snowflake, Snowflake>();
  discord.onChange((change) => {
    if (change.kind === 'message-create' && change.visibleTo !== null) owners.set(change.message.id, change.visibleTo);
  });

  const reads = ({ channels }: Person, channelId: Snowflake) => channels().some(({ id }) => id === channelId);
  const sees = (person: Person, messageId: Snowflake) => (owners.get(messageId) ?? person.user.id) === person.user.id;

  function messageFor(person: Person, messageId: Snowflake): ApiMessage | undefined {
    const message = discord.message(messageId, person.user.id);
    return message && reads(person, message.channel_id) ? message : undefined;
  }

  return {
    messageFor,
    messagesFor: ({ user, channels }) =>
      channels()
        .flatMap(({ id }) => discord.messages(id, user.id))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    changeFor(person, change) {
      switch (change.kind) {
        case 'message-create':
        case 'message-update': {
          // Looked up per person, because `me` of a reaction differs.
          const message = messageFor(person, change.message.id);
          return message && { ...change, message };
        }
        case 'message-delete':
        case 'reaction-add':
        case 'reaction-remove':
          return reads(person, change.channelId) && sees(person, change.messageId) ? change : undefined;
        case 'interaction-create':
        case 'interaction-failed':
        case 'interaction-acknowledged':
          return change.userId === person.user.id ? change : undefined;
        case 'typing':
          return reads(person, change.channelId) ? change : undefined;
        default:
          return change;
      }
    },
    forget(change) {
      if (change.kind === 'message-delete') owners.delete(change.messageId);
    },
  };
}
