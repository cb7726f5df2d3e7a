import type { StoredChannel } from './world.ts';

/** Intents that only the developer portal can switch on: GuildMembers, GuildPresences, MessageContent. */
export const privilegedIntents = (1 << 1) | (1 << 8) | (1 << 15);

/** MessageContent. */
export const messageContentIntent = 1 << 15;

/** Every bit that has a meaning today. */
export const knownIntents = 0b11_0011_0001_1111_1111_1111_1111;

/** The intent that an event needs, which differs between guilds and DMs. */
export const intent = {
  guilds: 1 << 0,
  messages: (channel: StoredChannel): number => (channel.guildId ? 1 << 9 : 1 << 12),
  reactions: (channel: StoredChannel): number => (channel.guildId ? 1 << 10 : 1 << 13),
} as const;
