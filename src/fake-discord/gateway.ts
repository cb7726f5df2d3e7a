import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { requestUrl } from '../util/request-url.ts';
import { applicationFlags, guildCreate, selfUser } from './entities.ts';
import { isObject } from './form-rules.ts';
import {
  closeCode,
  intent,
  knownIntents,
  messageContentIntent,
  op,
  privilegedIntents,
  shardingRequired,
} from './gateway-codes.ts';
import { createSession, type GatewaySession, isOfShard, type Shard } from './gateway-session.ts';
import { createIdentifyCounter } from './identify-limit.ts';
import type { Json, JsonObject } from './payloads.ts';
import { recordViolation, type World } from './world.ts';

/** The client beats every 41.25 s, as at Discord. */
const heartbeatIntervalMs = 41_250;

/** "Each shard can only support a maximum of 2500 guilds." */
const guildsPerSession = 2500;

/** The gateway server of a stand-in. */
export interface Gateway {
  /** Takes over an HTTP connection that asks for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every connection; the sessions stay resumable when the code allows it. */
  drop(code: number): void;
  /** Op 7 to every connection. */
  requestReconnect(): void;
  /** Op 9 to every connection; without `resumable` the sessions are forgotten. */
  invalidate(resumable: boolean): void;
  close(): void;
}

/** Makes the gateway; `record` hears every payload, seen from the bot. */
export function createGateway(world: World, record: (direction: 'in' | 'out', payload: JsonObject) => void): Gateway {
  const server = new WebSocketServer({ noServer: true });
  const sessions = new Map<string, GatewaySession>();

  const send = (socket: WebSocket, payload: JsonObject): void => {
    record('in', payload);
    socket.send(JSON.stringify(payload));
  };
  const control = (socket: WebSocket, opcode: number, d: Json): void =>
    send(socket, { t: null, s: null, op: opcode, d });
  world.dispatches.subscribe((dispatch) => {
    for (const session of sessions.values()) session.dispatch(dispatch);
  });
  world.rawEvents.subscribe((event) => {
    for (const session of sessions.values()) session.dispatchRaw(event);
  });
  const takeIdentify = createIdentifyCounter(world);
  const refreshConnected = (): void => {
    world.botConnected = [...sessions.values()].some((session) => session.socket() !== null);
  };

  const identify = (socket: WebSocket, d: JsonObject): GatewaySession | null => {
    const refusal = identifyProblem(world, d);
    if (refusal) {
      socket.close(refusal.code, refusal.reason);
      return null;
    }
    const shard = shardOf(d);
    if (!takeIdentify(shard)) {
      control(socket, op.invalidSession, false);
      return null;
    }
    const session = createSession(randomBytes(16).toString('hex'), d.intents as number, { world, shard, socket, send });
    sessions.set(session.id, session);
    const ready = {
      v: 10,
      user: selfUser(world),
      guilds: isOfShard(shard, world.guildId) ? [{ id: world.guildId, unavailable: true }] : [],
      session_id: session.id,
      resume_gateway_url: gatewayUrl(world),
      shard: [...shard],
      application: {
        id: world.applicationId,
        flags: applicationFlags(world),
        flags_new: String(applicationFlags(world)),
        ...world.readyApplication,
      },
    };
    if (Object.keys(world.readyApplication).length > 0) session.dispatchRaw({ event: 'READY', data: ready });
    else session.dispatch({ event: 'READY', intent: null, data: () => ready });
    session.dispatch({ event: 'GUILD_CREATE', intent: intent.guilds, data: () => guildCreate(world) });
    refreshConnected();
    world.changes.emit({ kind: 'gateway', state: 'ready' });
    return session;
  };

  const resume = (socket: WebSocket, d: JsonObject): GatewaySession | null => {
    if (d.token !== world.token) {
      socket.close(closeCode.authenticationFailed, 'Authentication failed.');
      return null;
    }
    const session = sessions.get(String(d.session_id));
    if (!session) {
      control(socket, op.invalidSession, false);
      return null;
    }
    if (!session.resume(socket, Number(d.seq))) {
      socket.close(closeCode.invalidSeq, 'Invalid seq.');
      return null;
    }
    session.dispatch({ event: 'RESUMED', intent: null, data: () => ({}) });
    refreshConnected();
    world.changes.emit({ kind: 'gateway', state: 'resumed' });
    return session;
  };

  const serve = (socket: WebSocket): void => {
    let session: GatewaySession | null = null;
    socket.on('message', (raw) => {
      const payload = decode(raw);
      if (!payload) {
        socket.close(closeCode.decodeError, 'Error while decoding payload.');
        return;
      }
      record('out', payload);
      const d = payload.d ?? null;
      if (payload.op === op.heartbeat) control(socket, op.heartbeatAck, null);
      else if (payload.op === op.identify && isObject(d)) {
        if (session) socket.close(closeCode.alreadyAuthenticated, 'Already authenticated.');
        else session = identify(socket, d);
      } else if (payload.op === op.resume && isObject(d)) session = resume(socket, d);
      else if (payload.op === op.presence) {
        if (!session) socket.close(closeCode.notAuthenticated, 'Not authenticated.');
      } else {
        recordViolation(world, `gateway: unknown opcode ${String(payload.op)} from the bot`);
        socket.close(closeCode.unknownOpcode, 'Unknown opcode.');
      }
    });
    socket.on('close', (code) => {
      session?.detach(socket);
      // 1000 and 1001 from the client end the session; anything else leaves it to be resumed.
      if (session && session.socket() === null && (code === 1000 || code === 1001)) sessions.delete(session.id);
      refreshConnected();
      world.changes.emit({ kind: 'gateway', state: 'closed' });
    });
    control(socket, op.hello, { heartbeat_interval: heartbeatIntervalMs });
  };

  return {
    upgrade(request, socket, head) {
      const { searchParams } = requestUrl(request);
      server.handleUpgrade(request, socket, head, (connection) => {
        const problem = queryProblem(searchParams);
        if (world.isGatewaySilent) connection.terminate();
        else if (problem) {
          recordViolation(world, `gateway: ${problem}`);
          connection.close(closeCode.invalidApiVersion, problem);
        } else serve(connection);
      });
    },
    drop(code) {
      if (code === 1000 || [4004, 4010, 4011, 4012, 4013, 4014].includes(code)) sessions.clear();
      for (const socket of server.clients) socket.close(code);
    },
    requestReconnect() {
      for (const socket of server.clients) control(socket, op.reconnect, null);
    },
    invalidate(resumable) {
      if (!resumable) sessions.clear();
      for (const socket of server.clients) control(socket, op.invalidSession, resumable);
    },
    close() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

/** Where the bot connects. */
export function gatewayUrl(world: World): string {
  return `${world.origin.replace('http:', 'ws:')}/gateway`;
}

function decode(raw: RawData): JsonObject | null {
  try {
    const payload: Json = JSON.parse(raw.toString());
    return isObject(payload) ? payload : null;
  } catch {
    return null;
  }
}

function queryProblem(query: URLSearchParams): string | null {
  const unknown = [...query.keys()].filter((key) => key !== 'v' && key !== 'encoding');
  if (unknown.length > 0) return `unknown query field ${unknown.join(', ')}`;
  if (query.get('v') !== '10') return 'only v=10 is known';
  return query.get('encoding') === 'json' ? null : 'only encoding=json is known';
}

function identifyProblem(world: World, d: JsonObject): { code: number; reason: string } | null {
  if (d.token !== world.token) return { code: closeCode.authenticationFailed, reason: 'Authentication failed.' };
  const intents = d.intents;
  if (typeof intents !== 'number' || !Number.isInteger(intents) || (intents & ~knownIntents) !== 0) {
    return { code: closeCode.invalidIntents, reason: 'Invalid intent(s).' };
  }
  const allowed = world.messageContentIntent ? messageContentIntent : 0;
  if ((intents & privilegedIntents & ~allowed) !== 0) {
    return { code: closeCode.disallowedIntents, reason: 'Disallowed intent(s).' };
  }
  const [index, count] = shardOf(d);
  if (!Number.isInteger(index) || !Number.isInteger(count) || index < 0 || index >= count) {
    return { code: closeCode.invalidShard, reason: 'Invalid shard.' };
  }
  if (world.guildCount / count > guildsPerSession) return { code: shardingRequired, reason: 'Sharding required.' };
  return null;
}

function shardOf({ shard }: JsonObject): Shard {
  if (shard === undefined) return [0, 1];
  const [index, count] = Array.isArray(shard) ? shard.map(Number) : [];
  return [index ?? Number.NaN, count ?? Number.NaN];
}
