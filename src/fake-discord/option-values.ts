import { AppError } from '../errors.ts';
import { fitsFileTypes, storeFile } from './attachments.ts';
import { channelObject } from './channel-objects.ts';
import { partialMember, roles } from './entities.ts';
import type { ApiCommandOption, Json, JsonObject, Snowflake } from './payloads.ts';
import type { FoundCommand } from './places.ts';
import type { InvokeRequest } from './types.ts';
import type { StoredChannel, World } from './world.ts';

/** `options` and `resolved` of a command's data. */
export interface OptionData {
  options?: JsonObject[];
  resolved?: JsonObject;
}

/** What the person typed, and for autocomplete which option has the focus. */
export interface Typed extends Pick<InvokeRequest, 'options' | 'attachments'> {
  channel: StoredChannel;
  focused?: string;
}

/**
 * Checks typed values against the command as Discord's client does, and builds the interaction's data.
 * @throws AppError `invalid-option` for what the client would not let a person send.
 */
export function readOptions(world: World, found: FoundCommand, typed: Typed): OptionData {
  const declared = new Map(found.options.map((option) => [option.name, option]));
  const resolved: JsonObject = {};
  const values: JsonObject[] = [];
  const known = (name: string): ApiCommandOption => {
    const option = declared.get(name);
    if (!option) throw invalid(name, `is not an option; there are: ${[...declared.keys()].join(', ') || 'none'}`);
    return option;
  };
  for (const [name, value] of Object.entries(typed.options ?? {})) {
    const option = known(name);
    const isFocused = name === typed.focused;
    if (!isFocused) checkValue(option, value);
    resolve(world, option, { value, channel: typed.channel, resolved });
    // While typing, every value is a string, as it stands in the box.
    values.push({
      name,
      type: option.type,
      value: isFocused ? String(value) : value,
      ...(isFocused ? { focused: true } : {}),
    });
  }
  for (const [name, file] of Object.entries(typed.attachments ?? {})) {
    const option = known(name);
    if (option.type !== 11) throw invalid(name, 'does not take an attachment');
    if (!fitsFileTypes(file.name, option.file_types))
      throw invalid(name, `takes only ${option.file_types?.join(', ')}`);
    const attachment = storeFile(world, file, { holderId: world.applicationId, ephemeral: true });
    put(resolved, 'attachments', attachment.id, attachment);
    values.push({ name, type: 11, value: attachment.id });
  }
  if (typed.focused === undefined) {
    for (const { name, required } of found.options) {
      if (required && !values.some((value) => value.name === name)) throw invalid(name, 'is required');
    }
  } else if (known(typed.focused).autocomplete !== true) throw invalid(typed.focused, 'has no autocomplete');

  // Outwards from the values: subcommand, then its group.
  let options = values;
  for (const [index, name] of [...found.path.entries()].reverse()) {
    const isGroup = index === 0 && found.path.length === 2;
    options = [{ name, type: isGroup ? 2 : 1, options }];
  }
  return {
    ...(options.length > 0 ? { options } : {}),
    ...(Object.keys(resolved).length > 0 ? { resolved } : {}),
  };
}

function checkValue(option: ApiCommandOption, value: string | number | boolean): void {
  const { name, type, choices } = option;
  const wanted = type === 5 ? 'boolean' : type === 4 || type === 10 ? 'number' : 'string';
  if (typeof value !== wanted || (type === 4 && !Number.isInteger(value))) {
    throw invalid(name, `must be ${type === 4 ? 'a whole number' : `a ${wanted}`}`);
  }
  if (choices && !choices.some((choice) => choice.value === value)) {
    throw invalid(name, `must be one of ${choices.map((choice) => choice.value).join(', ')}`);
  }
  if (typeof value === 'number') {
    const { min_value: min = -(2 ** 53), max_value: max = 2 ** 53 } = option;
    if (value < min || value > max) throw invalid(name, `must be between ${min} and ${max}`);
  }
  if (typeof value === 'string' && type === 3) {
    const { min_length: min = 0, max_length: max = 6000 } = option;
    if (value.length < min || value.length > max) throw invalid(name, `must have ${min} to ${max} characters`);
  }
}

/** Puts the user, channel or role behind an option's id into `resolved`. */
function resolve(
  world: World,
  { name, type }: ApiCommandOption,
  { value, channel, resolved }: { value: Json; channel: StoredChannel; resolved: JsonObject },
): void {
  const id = String(value);
  if (type === 6 || type === 9) {
    const stored = world.users.get(id);
    if (!stored) throw invalid(name, `names no user: ${id}`);
    put(resolved, 'users', id, stored.user);
    if (!channel.guildId) return;
    const { mute: _m, deaf: _d, ...member } = partialMember(world, id);
    put(resolved, 'members', id, { ...member, permissions: stored.permissions.toString() });
  } else if (type === 7) {
    const target = world.channels.get(id);
    if (!target) throw invalid(name, `names no channel: ${id}`);
    const permissions = target.botPermissions.toString();
    // Of a channel that an option names, Discord sends these alone.
    const { type: channelType = null } = channelObject(world, target);
    put(resolved, 'channels', id, { id, name: target.name, type: channelType, permissions });
  } else if (type === 8) {
    const role = roles(world).find((other) => other.id === id);
    if (!role) throw invalid(name, `names no role: ${id}`);
    put(resolved, 'roles', id, role);
  } else if (type === 11) throw invalid(name, 'takes a file: pass it in attachments');
}

function put(resolved: JsonObject, kind: string, id: Snowflake, value: JsonObject): void {
  resolved[kind] = { ...(resolved[kind] as JsonObject | undefined), [id]: value };
}

function invalid(name: string, what: string): AppError {
  return new AppError('invalid-option', `Option ${name} ${what}.`);
}
