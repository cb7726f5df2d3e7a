import type { DeviateOptions, DeviationKind } from './condition-types.ts';
import { isObject } from './form-rules.ts';
import type { Json, JsonObject, Snowflake } from './payloads.ts';

/** An event that is sent besides the real ones. */
interface ExtraEvent {
  event: string;
  data: Json;
}

/** Strays from the documentation now and then, as a seed decides. */
export interface Deviations {
  /** The data of an event, changed or not; never the same object when changed. */
  event(name: string, data: JsonObject): JsonObject;
  /** The body of a REST answer, changed or not. */
  answer(body: Json): Json;
  /** An event to send before the next one; null mostly. */
  extra(id: Snowflake, place: { channelId: Snowflake; guildId: Snowflake }): ExtraEvent | null;
}

/**
 * Fields that the documentation calls optional, or that other servers of this API were seen to leave out, by event. A path
 * ends at the field; `*` is every member. discord.js parses the event without them.
 */
const optional: Readonly<Record<string, readonly string[]>> = {
  INTERACTION_CREATE: [
    ...['locale', 'guild_locale', 'channel', 'context', 'guild', 'attachment_size_limit'],
    ...['data.resolved.attachments.*.content_type', 'data.resolved.attachments.*.width'],
    ...['data.resolved.attachments.*.height', 'member.nick', 'member.premium_since'],
  ],
  MESSAGE_CREATE: ['nonce', 'member', 'edited_timestamp', 'position'],
  MESSAGE_UPDATE: ['nonce', 'member', 'edited_timestamp', 'position'],
  MESSAGE_REACTION_ADD: ['message_author_id', 'member', 'burst_colors'],
  MESSAGE_REACTION_REMOVE: ['burst_colors'],
  CHANNEL_UPDATE: ['last_pin_timestamp', 'topic', 'rate_limit_per_user'],
  THREAD_UPDATE: ['last_pin_timestamp', 'rate_limit_per_user', 'message_count'],
};

/** Of {@link optional}, those for which null makes discord.js throw away the event, or the rest of it. */
const neverNull = new Set(['member', 'attachment_size_limit']);

/** Makes {@link Deviations}. */
export function createDeviations({ seed, rate = 0.3, kinds = defaultKinds }: DeviateOptions): Deviations {
  const random = createRandom(seed);
  const happens = (kind: DeviationKind): boolean => kinds.includes(kind) && random() < rate;
  const addUnknown = (value: JsonObject): void => {
    value.unheard_of = { id: String(Math.floor(random() * 1e9)), since: null };
  };

  return {
    event(name, data) {
      const changed = structuredClone(data);
      for (const path of optional[name] ?? []) {
        const field = path.slice(path.lastIndexOf('.') + 1);
        if (happens('missing')) eachHolder(changed, path, (holder) => delete holder[field]);
        else if (!neverNull.has(field) && happens('null'))
          eachHolder(changed, path, (holder) => setNull(holder, field));
      }
      if (happens('unknown-field')) addUnknown(changed);
      if (isObject(changed.data) && happens('unknown-field')) addUnknown(changed.data);
      return changed;
    },
    answer(body) {
      if (!isObject(body)) return body;
      const isUnparseable = happens('unparseable');
      const hasMore = happens('unknown-field');
      if (!isUnparseable && !hasMore) return body;
      const changed = structuredClone(body);
      if (isUnparseable) addNulls(changed);
      if (hasMore) addUnknown(changed);
      return changed;
    },
    extra(id, place) {
      if (happens('unknown-event')) {
        return { event: 'SOMETHING_NEW_CREATE', data: { id, guild_id: place.guildId } };
      }
      if (!happens('unparseable')) return null;
      if (random() < 0.5) return { event: 'CHANNEL_CREATE', data: null };
      return { event: 'MESSAGE_CREATE', data: messageWithNullThread(id, place) };
    },
  };
}

const defaultKinds: readonly DeviationKind[] = ['missing', 'null', 'unknown-field', 'unknown-event'];

/** `thread: null` where discord.js expects a channel or no such field. Seen at another server of this API. */
function messageWithNullThread(
  id: Snowflake,
  { channelId, guildId }: { channelId: Snowflake; guildId: Snowflake },
): JsonObject {
  const author = { id, username: 'somebody', discriminator: '0', avatar: null, global_name: null };
  return {
    id,
    channel_id: channelId,
    channel_type: 0,
    guild_id: guildId,
    author,
    thread: null,
    content: '',
    timestamp: '2026-01-01T00:00:00.000Z',
    edited_timestamp: null,
    type: 0,
    flags: 0,
    tts: false,
    pinned: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    components: [],
  };
}

/** Nulls where discord.js expects an object, a list or no such field: in messages, wherever they are, and in the application. */
function addNulls(value: JsonObject): void {
  if ('channel_id' in value && 'content' in value) Object.assign(value, { thread: null, message_snapshots: null });
  if ('verify_key' in value) value.install_params = null;
  for (const field of Object.values(value)) {
    if (isObject(field)) addNulls(field);
  }
}

/** Calls `change` for every object that holds the field at the end of the path. */
function eachHolder(root: JsonObject, path: string, change: (holder: JsonObject) => void): void {
  const steps = path.split('.').slice(0, -1);
  const field = path.slice(path.lastIndexOf('.') + 1);
  let holders: JsonObject[] = [root];
  for (const step of steps) {
    const next = (holder: JsonObject) => (step === '*' ? Object.values(holder) : [holder[step]]);
    holders = holders.flatMap(next).filter(isObject);
  }
  for (const holder of holders) {
    if (field in holder) change(holder);
  }
}

function setNull(holder: JsonObject, field: string): void {
  holder[field] = null;
}

/** A small generator (mulberry32) of numbers in [0, 1), the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
