import { AppError } from '../errors.ts';
import type { Snowflake } from '../fake-discord/payloads.ts';
import type { FakeDiscord, FileInput } from '../fake-discord/types.ts';
import type { PlaygroundChannel } from './protocol.ts';
import type { Samples } from './samples.ts';

/** The places of the playground besides people's conversations with the bot. */
export interface Places {
  /** As they are now: those of the server with the bot first, each server's in the order in which they were made. */
  list(): PlaygroundChannel[];
  /** Starts a thread in a text channel. Returns the thread's id. */
  createThread(asked: { parentId: Snowflake; name: string; user: Snowflake }): Snowflake;
  /** Posts to a forum. Returns the id of the post's thread. */
  createPost(asked: {
    forumId: Snowflake;
    name: string;
    content: string;
    files: readonly FileInput[];
    user: Snowflake;
  }): Snowflake;
  setArchived(threadId: Snowflake, archived: boolean): void;
}

/** ChannelType numbers: text channels, forums, and the three kinds of thread. */
const shapes: Readonly<Record<number, PlaygroundChannel['shape']>> = {
  0: 'text',
  10: 'thread',
  11: 'thread',
  12: 'thread',
  15: 'forum',
};

/** ComponentType numbers of the message that another app posts. */
const componentType = { text: 10, gallery: 12, separator: 14, container: 17 } as const;

/** Furnishes the stand-in: a gallery, a channel where another app posts, a thread, and a forum with a post. */
export function createPlaces(discord: FakeDiscord, samples: Samples): Places {
  const sampleNamed = (name: string): FileInput[] => {
    const file = samples.find(name);
    return file === undefined ? [] : [file];
  };
  discord.createChannel('gallery');
  postByAnotherApp(discord, sampleNamed('astronaut.jpg'));
  discord.createThread({ name: 'test clips', user: discord.ownerId });
  discord.createForumPost({
    forumId: discord.createForum('requests'),
    name: 'Can somebody make my cat move?',
    content: 'A slow zoom would be lovely.',
    attachments: sampleNamed('cat.jpg'),
    user: discord.userId,
  });

  const listAll = (): PlaygroundChannel[] =>
    discord.channels().flatMap(({ id, name, type, hasBot, parentId, archived }) => {
      const shape = shapes[type];
      // The guild that has the app's commands without its bot is left to the tests.
      if (shape === undefined || name === 'commands-only') return [];
      return [{ id, name, kind: hasBot ? 'guild' : 'elsewhere', shape, parentId, archived } as const];
    });

  // The server with the bot first.
  const list = () => listAll().sort((one, other) => Number(one.kind !== 'guild') - Number(other.kind !== 'guild'));

  function checkShape(id: Snowflake, shape: PlaygroundChannel['shape']): void {
    const channel = list().find((other) => other.id === id);
    if (channel?.shape !== shape || channel.kind !== 'guild') {
      throw new AppError('wrong-channel', `That can only be done in a ${shape} of the server.`);
    }
  }

  return {
    list,
    createThread(asked) {
      checkShape(asked.parentId, 'text');
      return discord.createThread(asked);
    },
    createPost({ files, ...asked }) {
      checkShape(asked.forumId, 'forum');
      return discord.createForumPost({ ...asked, attachments: files }).channel_id;
    },
    setArchived(threadId, archived) {
      checkShape(threadId, 'thread');
      discord.setThread(threadId, { archived });
    },
  };
}

/** A message whose picture stands among its components, as many apps post them. */
function postByAnotherApp(discord: FakeDiscord, pictures: readonly FileInput[]): void {
  const channelId = discord.createChannel('daily-picture');
  const gallery = {
    type: componentType.gallery,
    items: pictures.map(({ name }) => ({
      media: { url: `attachment://${name}` },
      description: 'The picture of the day',
    })),
  };
  discord.postMessage({
    user: discord.createUser('Picture of the Day', { isBot: true }).id,
    channelId,
    attachments: pictures,
    components: [
      {
        type: componentType.container,
        accent_color: 0xf0b232,
        components: [
          { type: componentType.text, content: '## Picture of the day' },
          ...(pictures.length > 0 ? [gallery] : []),
          { type: componentType.separator },
          { type: componentType.text, content: 'Open the message’s menu and choose **Apps → Animate**.' },
        ],
      },
    ],
  });
}
