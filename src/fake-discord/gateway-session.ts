import type { WebSocket } from 'ws';
import { messageContentIntent, op } from './gateway-codes.ts';
import type { Json, JsonObject } from './payloads.ts';
import type { Dispatch, RawEvent, World } from './world.ts';

/** The client may miss this many events and still resume. */
const replayLimit = 5000;

/** A gateway session: it outlives its connection until it is invalidated. */
export interface GatewaySession {
  readonly id: string;
  readonly intents: number;
  /** Sends the event, or keeps it for the resume; nothing without the intent it needs. */
  dispatch(dispatch: Dispatch): void;
  /** Sends an event as it is; it counts as a deviation. */
  dispatchRaw(event: RawEvent): void;
  /** Takes a new connection and sends what was missed after `seq`. Returns false when that is not known any more. */
  resume(socket: WebSocket, seq: number): boolean;
  /** The connection is gone; events are kept from here. */
  detach(socket: WebSocket): void;
  socket(): WebSocket | null;
}

/** Which of how many sessions: the events of a guild go to `(guild_id >> 22) % count`, those without a guild to 0. */
export type Shard = readonly [index: number, count: number];

/** Whether a guild's events go to a shard: https://docs.discord.com/developers/events/gateway#sharding-sharding-formula. */
export function isOfShard([index, count]: Shard, guildId: Json | undefined): boolean {
  return index === (typeof guildId === 'string' ? Number((BigInt(guildId) >> 22n) % BigInt(count)) : 0);
}

/** Without these the client has no session. */
function isSessionEvent(event: string): boolean {
  return event === 'READY' || event === 'RESUMED';
}

/** Makes a session on a connection. `send` writes one payload to a connection. */
export function createSession(
  id: string,
  intents: number,
  {
    world,
    shard,
    socket: first,
    send,
  }: { world: World; shard: Shard; socket: WebSocket; send: (socket: WebSocket, payload: JsonObject) => void },
): GatewaySession {
  let socket: WebSocket | null = first;
  let lastSeq = 0;
  const sent: { s: number; payload: JsonObject }[] = [];

  const emit = (event: string, d: Json, isDeviated = false): void => {
    lastSeq += 1;
    const payload: JsonObject = { t: event, s: lastSeq, op: op.dispatch, d };
    if (isDeviated) world.deviated.add(payload);
    sent.push({ s: lastSeq, payload });
    if (sent.length > replayLimit) sent.shift();
    if (socket) send(socket, payload);
  };

  return {
    id,
    intents,
    dispatch({ event, intent, data }) {
      if (intent !== null && (intents & intent) === 0) return;
      const plain = data((intents & messageContentIntent) !== 0);
      const guildId = event === 'GUILD_CREATE' ? plain.id : plain.guild_id;
      if (!isSessionEvent(event) && !isOfShard(shard, guildId)) return;
      const { deviations } = world;
      if (!deviations || isSessionEvent(event)) {
        emit(event, plain);
        return;
      }
      const extra = deviations.extra(world.snowflake(), {
        channelId: String(plain.channel_id),
        guildId: world.guildId,
      });
      if (extra) emit(extra.event, extra.data, true);
      emit(event, deviations.event(event, plain), true);
    },
    dispatchRaw: ({ event, data }) => emit(event, data, true),
    resume(next, seq) {
      if (seq > lastSeq || seq + 1 < (sent[0]?.s ?? 1)) return false;
      socket = next;
      for (const { s, payload } of sent) {
        if (s > seq) send(next, payload);
      }
      return true;
    },
    detach(gone) {
      if (socket === gone) socket = null;
    },
    socket: () => socket,
  };
}
