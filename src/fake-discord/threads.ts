import { AppError } from '../errors.ts';
import { channelObject, channelType, seesThread } from './channel-objects.ts';
import { intent } from './gateway-codes.ts';
import type { Snowflake } from './payloads.ts';
import { addChannel } from './populate.ts';
import type { PostRequest, ThreadRequest, Threads } from './post-types.ts';
import { postMessage } from './posts.ts';
import { setThreadState } from './thread-rules.ts';
import type { StoredChannel, World } from './world.ts';

const threadTypes = {
  public: channelType.publicThread,
  private: channelType.privateThread,
  announcement: channelType.announcementThread,
} as const;

/** Makes threads, forums and their posts, and tells the bot's sessions as Discord would. */
export function createThreads(
  world: World,
  { firstUserId, firstChannelId }: { firstUserId: Snowflake; firstChannelId: Snowflake },
): Threads {
  const find = (id: Snowflake): StoredChannel => {
    const channel = world.channels.get(id);
    if (!channel) throw new AppError('unknown-channel', `There is no channel ${id}.`);
    return channel;
  };
  const tell = (event: 'CHANNEL_CREATE' | 'THREAD_CREATE', channel: StoredChannel): void => {
    const news = event === 'THREAD_CREATE' ? { newly_created: true } : {};
    const data = () => ({ ...channelObject(world, channel), ...news });
    if (channel.kind === 'guild') world.dispatches.emit({ event, intent: intent.guilds, data });
  };
  const addThread = (parent: StoredChannel, request: ThreadRequest): StoredChannel => {
    const { type = 'public', archived = false, locked = false, announced = true, user = firstUserId } = request;
    const now = new Date(world.now()).toISOString();
    const thread = addChannel(world, parent.kind, {
      name: request.name,
      guildId: parent.guildId,
      type: threadTypes[type],
      parentId: parent.id,
      botPermissions: parent.botPermissions,
      thread: {
        ownerId: user,
        createdAt: now,
        archived,
        archiveChangedAt: now,
        locked,
        announced,
        botIsMember: request.botIsMember ?? type !== 'private',
        appliedTags: parent.type === channelType.forum ? [] : null,
      },
    });
    // Of archived threads nobody is told: only a client that saw them while they were active knows them.
    if (announced && !archived && seesThread(thread)) tell('THREAD_CREATE', thread);
    return thread;
  };

  return {
    createThread: (request) => addThread(find(request.parentId ?? firstChannelId), request).id,
    createForum(name) {
      const forum = addChannel(world, 'guild', { name, guildId: world.guildId, type: channelType.forum });
      tell('CHANNEL_CREATE', forum);
      return forum.id;
    },
    createForumPost({ forumId, archived = false, locked = false, ...request }) {
      const thread = addThread(find(forumId), request);
      const { name: _title, ...post } = request;
      const message = postMessage(world, { ...post, channelId: thread.id } satisfies PostRequest, {
        firstUserId,
        id: thread.id,
      });
      setThreadState(world, thread, { archived, locked });
      return message;
    },
    setThread: (threadId, state) => setThreadState(world, find(threadId), state),
  };
}
