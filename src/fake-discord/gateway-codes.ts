import type { StoredChannel } from './world.ts';

/** Opcodes of gateway v10. */
export const op = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  presence: 3,
  resume: 6,
  reconnect: 7,
  invalidSession: 9,
  hello: 10,
  heartbeatAck: 11,
} as const;

/** The close code of a session that would have handled too many guilds. */
export const shardingRequired = 4011;

/** Close codes of gateway v10 that the stand-in sends. */
export const closeCode = {
  unknownOpcode: 4001,
  decodeError: 4002,
  notAuthenticated: 4003,
  authenticationFailed: 4004,
  alreadyAuthenticated: 4005,
  invalidSeq: 4007,
  invalidShard: 4010,
  invalidApiVersion: 4012,
  invalidIntents: 4013,
  disallowedIntents: 4014,
} as const;

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
