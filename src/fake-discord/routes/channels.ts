import { accessChannel, accessMessage } from '../access.ts';
import { channelObject } from '../channel-objects.ts';
import { storedUser } from '../entities.ts';
import { checkForm, invalidForm, isObject } from '../form-rules.ts';
import { type Holder, readContent } from '../message-content.ts';
import { messageCreate, messageEdit } from '../message-rules.ts';
import { renderForBot } from '../message-view.ts';
import { addMessage, editMessage, messageFlag, removeMessage } from '../messages.ts';
import type { JsonObject } from '../payloads.ts';
import { permission } from '../permissions.ts';
import { refuse } from '../refusal.ts';
import { type Call, noContent, ok, type Reply, type RouteGroup } from '../route.ts';
import { admitDelete, admitEdit, admitMessage } from '../thread-rules.ts';
import type { StoredChannel, StoredMessage, World } from '../world.ts';

/** Channels and their messages, with the bot's own token. */
export const channelRoutes = {
  'GET /channels/:channel': {
    handle: ({ world, params }) => ok(channelObject(world, accessChannel(world, params.channel))),
  },
  'GET /channels/:channel/messages': { query: ['around', 'before', 'after', 'limit'], handle: listMessages },
  'POST /channels/:channel/messages': { body: 'files', handle: createMessage },
  'GET /channels/:channel/messages/:message': {
    handle: ({ world, params }) => {
      const channel = accessChannel(world, params.channel, permission.readMessageHistory);
      return ok(show(world, accessMessage(world, channel, params.message)));
    },
  },
  'PATCH /channels/:channel/messages/:message': { body: 'files', handle: patchMessage },
  'DELETE /channels/:channel/messages/:message': {
    handle: ({ world, params }) => {
      const channel = accessChannel(world, params.channel);
      const stored = accessMessage(world, channel, params.message);
      if (stored.message.author.id !== world.botUserId) requireManage(channel);
      admitDelete(channel);
      removeMessage(world, stored);
      return noContent;
    },
  },
  'POST /channels/:channel/typing': {
    handle: ({ world, params }) => {
      const channel = accessChannel(world, params.channel, permission.sendMessages);
      world.changes.emit({ kind: 'typing', channelId: channel.id });
      return noContent;
    },
  },
} satisfies RouteGroup;

/** Managing others' messages; there is no such thing in a DM. */
export function requireManage(channel: StoredChannel): void {
  if (channel.kind === 'dm') throw refuse('notInDm');
  if ((channel.botPermissions & permission.manageMessages) === 0n) throw refuse('missingPermissions');
}

function show(world: World, stored: StoredMessage): JsonObject {
  return renderForBot(world, stored, world.messageContentIntent);
}

function listMessages({ world, params, query }: Call): Reply {
  const channel = accessChannel(world, params.channel);
  if ((channel.botPermissions & permission.readMessageHistory) === 0n) return ok([]);
  const limit = Number(query.limit ?? 50);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    throw invalidForm(['limit'], 'NUMBER_TYPE_RANGE', 'int value should be between 1 and 100.');
  }
  const all = [...world.messages.values()].filter(
    (stored) => stored.message.channel_id === channel.id && stored.visibleTo === null,
  );
  const idOf = (stored: StoredMessage): bigint => BigInt(stored.message.id);
  const { before, after, around } = query;
  let chosen = all.slice(-limit);
  if (before) chosen = all.filter((stored) => idOf(stored) < BigInt(before)).slice(-limit);
  else if (after) chosen = all.filter((stored) => idOf(stored) > BigInt(after)).slice(0, limit);
  else if (around) {
    const middle = all.findIndex((stored) => idOf(stored) >= BigInt(around));
    const start = Math.max(0, (middle < 0 ? all.length : middle) - Math.floor(limit / 2));
    chosen = all.slice(start, start + limit);
  }
  return ok(chosen.reverse().map((stored) => show(world, stored)));
}

function createMessage({ world, params, body, files }: Call): Reply {
  checkForm(body, messageCreate);
  const form = body as JsonObject;
  const channel = accessChannel(world, params.channel, permission.sendMessages);
  if (files.length > 0) accessChannel(world, params.channel, permission.attachFiles);
  const flags = Number(form.flags ?? 0);
  if ((flags & messageFlag.ephemeral) !== 0) {
    throw invalidForm(['flags'], 'MESSAGE_FLAGS_INVALID', 'Only answers to interactions can be ephemeral.');
  }
  const twin = form.enforce_nonce === true ? sameNonce(world, channel, form) : undefined;
  if (twin) return ok(show(world, twin));
  admitMessage(world, channel);
  const target = replyTarget(world, channel, form);
  const content = readContent(world, form, { files, holder: holderOf(channel), before: null });
  const author = storedUser(world, world.botUserId).user;
  if (target && pingsReplied(form)) {
    const replied = target.message.author;
    if (content.mentions.every(({ id }) => id !== replied.id)) content.mentions.push(replied);
  }
  const reference = target && { type: 0, channel_id: channel.id, message_id: target.message.id };
  const guild = channel.guildId ? { guild_id: channel.guildId } : {};
  const stored = addMessage(world, {
    channel,
    author,
    content,
    flags,
    type: reference ? 19 : 0,
    extra: {
      ...(form.nonce !== undefined && form.nonce !== null ? { nonce: form.nonce } : {}),
      ...(reference ? { message_reference: { ...reference, ...guild } } : {}),
    },
  });
  return ok(show(world, stored));
}

/** The message that a retried upload made the first time: same author, same nonce, the last few minutes. */
function sameNonce(world: World, channel: StoredChannel, { nonce }: JsonObject): StoredMessage | undefined {
  if (nonce === undefined || nonce === null) {
    throw invalidForm(['nonce'], 'BASE_TYPE_REQUIRED', 'enforce_nonce needs a nonce.');
  }
  return [...world.messages.values()].find(
    ({ message }) =>
      message.channel_id === channel.id &&
      message.author.id === world.botUserId &&
      String(message.nonce) === String(nonce) &&
      world.now() - Date.parse(message.timestamp) < 5 * 60_000,
  );
}

function replyTarget(world: World, channel: StoredChannel, form: JsonObject): StoredMessage | null {
  const reference = form.message_reference;
  if (!isObject(reference)) return null;
  if ((channel.botPermissions & permission.readMessageHistory) === 0n) throw refuse('missingHistory');
  const stored = world.messages.get(String(reference.message_id));
  if (stored && stored.message.channel_id === channel.id && stored.visibleTo === null) return stored;
  if (reference.fail_if_not_exists === false) return null;
  throw invalidForm(['message_reference'], 'MESSAGE_REFERENCE_UNKNOWN_MESSAGE', 'Unknown message');
}

function pingsReplied({ allowed_mentions: allowed }: JsonObject): boolean {
  return !isObject(allowed) || allowed.replied_user === true;
}

function patchMessage({ world, params, body, files }: Call): Reply {
  checkForm(body, messageEdit);
  const channel = accessChannel(world, params.channel);
  const stored = accessMessage(world, channel, params.message);
  if (stored.message.author.id !== world.botUserId) throw refuse('notAuthor');
  admitEdit(channel);
  if (files.length > 0) accessChannel(world, params.channel, permission.attachFiles);
  const before = stored.message;
  editMessage(world, stored, readContent(world, body as JsonObject, { files, holder: holderOf(channel), before }));
  return ok(show(world, stored));
}

function holderOf(channel: StoredChannel): Holder {
  return { holderId: channel.id, ephemeral: false };
}
