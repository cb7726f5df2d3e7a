import { AppError } from '../errors.ts';
import type { ApiCommand, ApiCommandOption, Snowflake } from './payloads.ts';
import { permission } from './permissions.ts';
import { privateChannel } from './populate.ts';
import type { Place } from './post-types.ts';
import type { StoredChannel, World } from './world.ts';

/** The channel where somebody acts. */
export function channelAt(world: World, { place = 'guild', channelId }: Place, userId: Snowflake): StoredChannel {
  if (channelId !== undefined) {
    const channel = world.channels.get(channelId);
    if (!channel) throw new AppError('unknown-channel', `There is no channel ${channelId}.`);
    return channel;
  }
  if (place === 'dm') return privateChannel(world, 'dm', userId);
  if (place === 'private-channel') return privateChannel(world, 'private', userId);
  const kind = place === 'user-install' ? 'foreign-guild' : place;
  return [...world.channels.values()].find((channel) => channel.kind === kind) as StoredChannel;
}

/** A command as a person finds it in a channel, with the options of the subcommand that was named. */
export interface FoundCommand {
  command: ApiCommand;
  /** Names of subcommand group and subcommand. */
  path: string[];
  options: readonly ApiCommandOption[];
}

/**
 * Finds a registered command.
 * @throws AppError `unknown-command`, `command-not-here` (contexts, installation) or `command-not-permitted`.
 */
export function findCommand(
  world: World,
  text: string,
  { type, channel, userId }: { type: number; channel: StoredChannel; userId: Snowflake },
): FoundCommand {
  const all = [...world.commands.values()].filter((command) => command.type === type);
  // A menu command's name may have spaces; a slash command's are subcommands.
  const [name, ...path] = type === 1 ? text.split(' ') : [text];
  const named = all.filter((command) => command.name === name);
  const own = named.find((command) => command.guild_id !== undefined && command.guild_id === channel.guildId);
  const command = own ?? named.find((other) => other.guild_id === undefined);
  if (!command) {
    const known = all.map((other) => other.name).join(', ') || 'none';
    throw new AppError('unknown-command', `The bot registered no command ${name}; there are: ${known}.`);
  }
  // "Users cannot … use application commands" there: https://docs.discord.com/developers/topics/threads.
  if (channel.thread?.archived) throw new AppError('thread-archived', 'There are no commands in an archived thread.');
  checkAvailable(command, channel);
  const needed = BigInt(command.default_member_permissions ?? 0);
  const { permissions } = world.users.get(userId) ?? { permissions: 0n };
  // '0' shuts out everybody but administrators.
  const closed = command.default_member_permissions === '0' && (permissions & permission.administrator) === 0n;
  if (channel.guildId && (closed || (permissions & needed) !== needed)) {
    throw new AppError('command-not-permitted', `This person may not use ${name}: default_member_permissions.`);
  }
  return { command, path, options: walk(command.options ?? [], path, text) };
}

function checkAvailable(command: ApiCommand, channel: StoredChannel): void {
  const context = { guild: 0, 'commands-only': 0, 'foreign-guild': 0, dm: 1, private: 2 }[channel.kind];
  const install = channel.kind === 'foreign-guild' || channel.kind === 'private' ? 1 : 0;
  // Without `contexts`, guild-installed commands work everywhere but in private channels.
  const contexts = command.contexts ?? [0, 1];
  if (contexts.includes(context) && command.integration_types.includes(install)) return;
  throw new AppError(
    'command-not-here',
    `${command.name} is not offered here: its contexts or integration types say so.`,
  );
}

function walk(
  options: readonly ApiCommandOption[],
  path: readonly string[],
  text: string,
): readonly ApiCommandOption[] {
  let current = options;
  for (const name of path) {
    const next = current.find((option) => option.type <= 2 && option.name === name);
    if (!next) throw new AppError('unknown-command', `There is no subcommand ${text}.`);
    current = next.options ?? [];
  }
  if (current.some((option) => option.type <= 2)) {
    throw new AppError('unknown-command', `${text} has subcommands: ${current.map(({ name }) => name).join(', ')}.`);
  }
  return current;
}
