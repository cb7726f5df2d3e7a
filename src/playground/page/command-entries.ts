import type { ApiCommand, ApiCommandOption, JsonObject } from '../../fake-discord/payloads.ts';
import type { PlaygroundChannel } from '../protocol.ts';

/** ApplicationCommandOptionType. */
export const optionType = {
  subcommand: 1,
  subcommandGroup: 2,
  string: 3,
  integer: 4,
  boolean: 5,
  user: 6,
  channel: 7,
  role: 8,
  mentionable: 9,
  number: 10,
  attachment: 11,
} as const;

/** A slash command, or one of its subcommands, as an entry of the command list. */
export interface CommandEntry {
  command: ApiCommand;
  /** Names of subcommand group and subcommand. */
  path: readonly string[];
  options: readonly ApiCommandOption[];
}

/** ApplicationCommandType. */
const slashCommand = 1;
const userCommand = 2;
const messageCommand = 3;

/** ApplicationCommandOptionType of subcommands and their groups. */
const subcommands: readonly number[] = [1, 2];

/** Where a command may be offered. */
export interface Place {
  kind: PlaygroundChannel['kind'];
  isAdmin: boolean;
}

/** The slash commands that a person is offered in a place, each subcommand an entry of its own. */
export function commandEntries(commands: readonly ApiCommand[], place: Place): CommandEntry[] {
  return commands
    .filter((command) => command.type === slashCommand && isOffered(command, place))
    .flatMap((command) => entriesOf(command, [], command.options ?? []));
}

/** The commands of a message's menu. */
export function messageCommands(commands: readonly ApiCommand[], place: Place): ApiCommand[] {
  return commands.filter((command) => command.type === messageCommand && isOffered(command, place));
}

/** The commands of a person's menu. */
export function userCommands(commands: readonly ApiCommand[], place: Place): ApiCommand[] {
  return commands.filter((command) => command.type === userCommand && isOffered(command, place));
}

/** As typed: the name, then subcommands after spaces. */
export function fullName({ command, path }: CommandEntry): string {
  return [command.name, ...path].join(' ');
}

/** What stands in the list: {@link fullName} in the person's language. */
export function shownName({ command, path }: Pick<CommandEntry, 'command' | 'path'>, locale: string): string {
  let options = command.options ?? [];
  const names = path.map((name) => {
    const option = options.find((other) => other.name === name);
    options = option?.options ?? [];
    return option ? localisedName(option, locale) : name;
  });
  return [localisedName(command, locale), ...names].join(' ');
}

/** The object that describes an entry: the command, or its subcommand. */
export function describedBy({ command, path }: CommandEntry): ApiCommand | ApiCommandOption {
  let found: ApiCommand | ApiCommandOption = command;
  for (const name of path) found = found.options?.find((option) => option.name === name) ?? found;
  return found;
}

function isOffered(command: ApiCommand, { kind, isAdmin }: Place): boolean {
  const isHere =
    (command.contexts ?? [0, 1]).includes(kind === 'dm' ? 1 : 0) &&
    command.integration_types.includes(kind === 'elsewhere' ? 1 : 0);
  return isHere && (command.default_member_permissions === null || isAdmin || kind === 'dm');
}

function entriesOf(command: ApiCommand, path: readonly string[], options: readonly ApiCommandOption[]): CommandEntry[] {
  const inner = options.filter(({ type }) => subcommands.includes(type));
  if (inner.length === 0) return [{ command, path, options }];
  return inner.flatMap((option) => entriesOf(command, [...path, option.name], option.options ?? []));
}

interface Named extends JsonObject {
  name: string;
}

/** The name of a command, option or choice in a language, as Discord's client chooses it. */
export function localisedName(thing: Named, locale: string): string {
  return pick(thing.name_localizations, locale) ?? thing.name;
}

/** The same for descriptions; message commands have none. */
export function localisedDescription(thing: Named & { description?: string }, locale: string): string {
  return pick(thing.description_localizations, locale) ?? thing.description ?? '';
}

function pick(localizations: JsonObject[string], locale: string): string | undefined {
  if (typeof localizations !== 'object' || localizations === null || Array.isArray(localizations)) return undefined;
  const text = localizations[locale];
  return typeof text === 'string' ? text : undefined;
}
