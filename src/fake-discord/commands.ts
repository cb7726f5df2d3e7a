import { commandRule } from './command-rules.ts';
import { checkForm, isObject, list } from './form-rules.ts';
import type { ApiCommand, ApiCommandOption, Json, JsonObject, Snowflake } from './payloads.ts';
import { refuse } from './refusal.ts';
import type { World } from './world.ts';

/** Creates per guild (or global) and day. */
const dailyCreates = 200;

/** The commands of a guild, or the global ones (`null`), in the order they were made. */
export function commandsOf(world: World, guildId: Snowflake | null): ApiCommand[] {
  return [...world.commands.values()].filter((command) => (command.guild_id ?? null) === guildId);
}

/** Replaces all commands of a place. Those that keep name and type keep their id. */
export function putCommands(world: World, guildId: Snowflake | null, body: Json): ApiCommand[] {
  checkForm(body, list(commandRule, { max: 110 }));
  const before = commandsOf(world, guildId);
  const declared = (body as Json[]).filter(isObject);
  const after = declared.map((item) => store(world, item, { guildId, before }));
  for (const { id } of before) world.commands.delete(id);
  for (const command of after) world.commands.set(command.id, command);
  tell(world);
  return after;
}

/** Adds one command, or replaces the one of the same name and type. */
export function postCommand(
  world: World,
  guildId: Snowflake | null,
  body: Json,
): { created: boolean; command: ApiCommand } {
  checkForm(body, commandRule);
  const before = commandsOf(world, guildId);
  const command = store(world, body as JsonObject, { guildId, before });
  world.commands.set(command.id, command);
  tell(world);
  return { created: before.every(({ id }) => id !== command.id), command };
}

/** Changes some fields of a command. */
export function patchCommand(world: World, command: ApiCommand, body: Json): ApiCommand {
  const { id, application_id: _a, guild_id: _g, version: _v, ...declaration } = command;
  const merged = { ...declaration, ...(isObject(body) ? body : {}) };
  checkForm(merged, commandRule);
  const changed: ApiCommand = { ...command, ...merged, id, version: world.snowflake() };
  world.commands.set(id, changed);
  tell(world);
  return changed;
}

/** Removes a command. */
export function deleteCommand(world: World, command: ApiCommand): void {
  world.commands.delete(command.id);
  tell(world);
}

function store(
  world: World,
  declared: JsonObject,
  { guildId, before }: { guildId: Snowflake | null; before: readonly ApiCommand[] },
): ApiCommand {
  const type = typeof declared.type === 'number' ? declared.type : 1;
  const known = before.find((command) => command.name === declared.name && command.type === type);
  if (!known) {
    world.commandCreates += 1;
    if (world.commandCreates > dailyCreates) throw refuse('tooManyCommandCreates');
  }
  const { options: _options, ...rest } = declared;
  const options = Array.isArray(declared.options) ? declared.options.filter(isObject).map(storeOption) : [];
  return {
    ...rest,
    id: known?.id ?? world.snowflake(),
    application_id: world.applicationId,
    version: world.snowflake(),
    type,
    name: String(declared.name),
    name_localizations: declared.name_localizations ?? null,
    description: typeof declared.description === 'string' ? declared.description : '',
    description_localizations: declared.description_localizations ?? null,
    default_member_permissions:
      typeof declared.default_member_permissions === 'string' ? declared.default_member_permissions : null,
    nsfw: declared.nsfw === true,
    ...(options.length > 0 ? { options } : {}),
    ...(guildId
      ? { guild_id: guildId, contexts: null, integration_types: [0] }
      : {
          contexts: Array.isArray(declared.contexts) ? (declared.contexts as number[]) : null,
          integration_types: Array.isArray(declared.integration_types) ? (declared.integration_types as number[]) : [0],
        }),
  };
}

/** Options come back without the members that were null or empty. */
function storeOption(declared: JsonObject): ApiCommandOption {
  const kept = Object.fromEntries(
    Object.entries(declared).filter(([, value]) => value !== null && !isEmptyList(value)),
  );
  const inner = Array.isArray(declared.options) ? declared.options.filter(isObject).map(storeOption) : [];
  const { required, autocomplete, ...rest } = kept;
  return {
    ...(rest as ApiCommandOption),
    ...(required === true ? { required } : {}),
    ...(autocomplete === true ? { autocomplete } : {}),
    ...(inner.length > 0 ? { options: inner } : {}),
    // "Extensions are case-insensitive and are normalized to lowercase."
    ...(Array.isArray(kept.file_types)
      ? { file_types: kept.file_types.map((type) => String(type).toLowerCase()) }
      : {}),
  };
}

function isEmptyList(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length === 0;
}

function tell(world: World): void {
  world.changes.emit({ kind: 'commands', commands: structuredClone([...world.commands.values()]) });
}
