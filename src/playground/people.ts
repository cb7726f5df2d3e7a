import type { ApiUser, Snowflake } from '../fake-discord/payloads.ts';
import type { FakeDiscord } from '../fake-discord/types.ts';
import { avatarFor } from './draw-avatar.ts';
import type { Places } from './places.ts';
import type { PlaygroundChannel } from './protocol.ts';

/** A person who has the page open, or had it open. */
export interface Person {
  user: ApiUser;
  /** Has all permissions in the server. */
  admin: boolean;
  /** May delete what others wrote in the server. */
  moderator: boolean;
  /** Where the person may read now: the servers' channels and the own conversation with the bot. */
  channels(): PlaygroundChannel[];
}

/** The people of the playground. */
export interface People {
  /** The person with that id, or else a new one; undefined when the names are used up. */
  join(userId: Snowflake | null): Person | undefined;
}

/** Names for the first and the second, whom the stand-in makes itself; the first owns the server and the bot. */
export const [firstName, secondName] = ['Ada', 'Bruno'];

const furtherNames = 'Chika Diego Elif Farid Greta Hana Ines Jonas Kemi Luca Mei Nadia Otto Priya Quinn Rosa Sven Tala';

/** Starts without people; those whom the stand-in made have their avatars from then on. */
export function createPeople(
  discord: Pick<FakeDiscord, 'ownerId' | 'userId' | 'users' | 'createUser' | 'setAvatar' | 'openDm' | 'bot'>,
  { list }: Pick<Places, 'list'>,
): People {
  const known = new Map<Snowflake, Person>();
  const waitingNames = furtherNames.split(' ');
  const waitingIds = [discord.ownerId, discord.userId];
  for (const { id, username } of discord.users()) {
    if (waitingIds.includes(id)) discord.setAvatar(id, avatarFor(username));
  }

  function newUser(): ApiUser | undefined {
    const id = waitingIds.shift();
    if (id !== undefined) return discord.users().find((user) => user.id === id);
    const name = waitingNames.shift();
    return name === undefined ? undefined : discord.createUser(name, { avatar: avatarFor(name) });
  }

  return {
    join(userId) {
      const before = known.get(userId ?? '');
      if (before !== undefined) return before;
      const user = newUser();
      if (user === undefined) return undefined;
      const dm: PlaygroundChannel = {
        id: discord.openDm(user.id),
        name: discord.bot().username,
        kind: 'dm',
        shape: 'text',
        parentId: null,
        archived: false,
      };
      const person = { user, admin: user.id === discord.ownerId, moderator: false, channels: () => [...list(), dm] };
      known.set(user.id, person);
      return person;
    },
  };
}
