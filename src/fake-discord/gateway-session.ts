import type { WebSocket } from 'ws';
import { messageContentIntent, op } from './gateway-codes.ts';
import type { JsonObject } from './payloads.ts';
import type { Dispatch } from './world.ts';

/** The client may miss this many events and still resume. */
const replayLimit = 5000;

/** A gateway session: it outlives its connection until it is invalidated. */
export interface GatewaySession {
  readonly id: string;
  readonly intents: number;
  /** Sends the event, or keeps it for the resume; nothing without the intent it needs. */
  dispatch(dispatch: Dispatch): void;
  /** Takes a new connection and sends what was missed after `seq`. Returns false when that is not known any more. */
  resume(socket: WebSocket, seq: number): boolean;
  /** The connection is gone; events are kept from here. */
  detach(socket: WebSocket): void;
  socket(): WebSocket | null;
}

/** Makes a session on a connection. `send` writes one payload to a connection. */
export function createSession(
  id: string,
  intents: number,
  { socket: first, send }: { socket: WebSocket; send: (socket: WebSocket, payload: JsonObject) => void },
): GatewaySession {
  let socket: WebSocket | null = first;
  let lastSeq = 0;
  const sent: { s: number; payload: JsonObject }[] = [];

  return {
    id,
    intents,
    dispatch({ event, intent, data }) {
      if (intent !== null && (intents & intent) === 0) return;
      lastSeq += 1;
      const payload = { t: event, s: lastSeq, op: op.dispatch, d: data((intents & messageContentIntent) !== 0) };
      sent.push({ s: lastSeq, payload });
      if (sent.length > replayLimit) sent.shift();
      if (socket) send(socket, payload);
    },
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
