import { type Channel, ChannelType, type Client, type GuildBasedChannel, type PermissionsBitField } from 'discord.js';

/** A channel as Discord sends it along or gives it when asked; of a thread, what it is named. */
export interface RawChannel {
  id: string;
  type: ChannelType;
  parent_id?: string | null;
  nsfw?: boolean;
  thread_metadata?: { locked?: boolean };
}

/** Where somebody asks for a clip, as far as rules look at it. */
export interface Place {
  /** Null outside of servers. */
  guildId: string | null;
  channelId: string | null;
  /** Of a thread, the channel that it belongs to; null elsewhere. */
  parentId: string | null;
  isThread: boolean;
  /** Only who may manage threads writes there. */
  isLocked: boolean;
  /** A thread that only its members see, and the bot is none: by itself it can do nothing there. */
  isPrivateToOthers: boolean;
  /** A thread is if its channel is. */
  isAgeRestricted: boolean;
}

type Channels = Pick<Client['channels']['cache'], 'get'>;

const threadTypes: ReadonlySet<ChannelType> = new Set([
  ChannelType.AnnouncementThread,
  ChannelType.PublicThread,
  ChannelType.PrivateThread,
]);

/**
 * What is known of a place: what came along goes before what the client remembers, which knows no thread that was archived
 * when it came.
 */
export function placeOf(
  { guildId, channelId, raw }: { guildId: string | null; channelId: string | null; raw: RawChannel | undefined },
  channels: Channels,
): Place {
  const cached = channels.get(channelId ?? '');
  const thread = cached?.isThread() ? cached : undefined;
  const isThread = raw?.type === undefined ? thread !== undefined : threadTypes.has(raw.type);
  const parentId = isThread ? (raw?.parent_id ?? thread?.parentId ?? null) : null;
  const deciding = isThread ? channels.get(parentId ?? '') : cached;
  return {
    guildId,
    channelId,
    parentId,
    isThread,
    isLocked: isThread && (raw?.thread_metadata?.locked ?? thread?.locked ?? false),
    // Of private threads the gateway tells members alone, and who may manage threads.
    isPrivateToOthers: raw?.type === ChannelType.PrivateThread && cached === undefined,
    isAgeRestricted: isAgeRestricted(deciding) || raw?.nsfw === true,
  };
}

/** What somebody may do in a place, by the channel that decides it; undefined where the client does not know that one. */
export function permissionsIn(
  { guildId, channelId, parentId }: Place,
  channels: Channels,
  who: Parameters<GuildBasedChannel['permissionsFor']>[0] | null | undefined,
): Readonly<PermissionsBitField> | undefined {
  // Threads have no permissions of their own.
  const channel = channels.get(parentId ?? channelId ?? '');
  if (guildId === null || who == null || channel === undefined || channel.isDMBased()) return undefined;
  return channel.permissionsFor(who) ?? undefined;
}

function isAgeRestricted(channel: Channel | undefined): boolean {
  return channel !== undefined && 'nsfw' in channel && channel.nsfw;
}
