import { channelType } from './channel-objects.ts';
import { newUser } from './entities.ts';
import type { Snowflake } from './payloads.ts';
import { allPermissions, usualPermissions } from './permissions.ts';
import type { FakeDiscordOptions } from './types.ts';
import type { ChannelKind, StoredChannel, World } from './world.ts';

/** Adds the guild's first channel, the bot, the owner, the first user and the places where the bot is not. */
export function populateWorld(
  world: World,
  { owner = 'Owner', user = 'Alice', channel = 'general' }: NonNullable<FakeDiscordOptions['names']> = {},
): { userId: Snowflake; channelId: Snowflake } {
  addUser(world, world.botUserId, 'Kinora', { isBot: true });
  addUser(world, world.ownerId, owner, { permissions: allPermissions });
  const userId = addUser(world, world.snowflake(), user);
  const channelId = addChannel(world, 'guild', { name: channel, guildId: world.guildId }).id;
  addChannel(world, 'foreign-guild', { name: 'elsewhere', guildId: world.foreignGuildId });
  addChannel(world, 'commands-only', { name: 'commands-only', guildId: world.commandsOnlyGuildId });
  return { userId, channelId };
}

/** Adds a member of the guild. */
export function addUser(
  world: World,
  id: Snowflake,
  name: string,
  { isBot = false, locale = 'en-US', permissions = usualPermissions, isMember = true } = {},
): Snowflake {
  const joinedAt = new Date(world.now()).toISOString();
  world.users.set(id, { user: newUser(id, name, isBot), locale, permissions, joinedAt, isMember });
  return id;
}

type ChannelExtras = Pick<StoredChannel, 'type' | 'parentId' | 'thread' | 'nsfw' | 'botPermissions'>;

/** Adds a conversation. */
export function addChannel(
  world: World,
  kind: ChannelKind,
  {
    name = '',
    guildId = null,
    recipientIds = [],
    ...more
  }: { name?: string; guildId?: Snowflake | null; recipientIds?: Snowflake[] } & Partial<ChannelExtras>,
): StoredChannel {
  const channel: StoredChannel = {
    id: world.snowflake(),
    kind,
    type: kind === 'dm' || kind === 'private' ? channelType.dm : channelType.text,
    name,
    parentId: null,
    thread: null,
    nsfw: false,
    slowModeSeconds: 0,
    guildId,
    recipientIds,
    botPermissions: kind === 'guild' || kind === 'dm' ? usualPermissions : 0n,
    lastMessageId: null,
    ...more,
  };
  world.channels.set(channel.id, channel);
  world.changes.emit({ kind: 'channels' });
  return channel;
}

/** The conversation of one person with the bot (`dm`), or of that person with the owner (`private`); made when missing. */
export function privateChannel(world: World, kind: 'dm' | 'private', userId: Snowflake): StoredChannel {
  const known = [...world.channels.values()].find(
    (channel) => channel.kind === kind && channel.recipientIds.includes(userId),
  );
  if (known) return known;
  const recipientIds = kind === 'dm' ? [userId] : [userId, world.ownerId];
  return addChannel(world, kind, { recipientIds });
}
