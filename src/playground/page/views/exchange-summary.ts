import type { Exchange } from '../../../fake-discord/types.ts';

/** An exchange in a line. */
export interface ExchangeSummary {
  what: string;
  /** From the bot, or to it. */
  isFromBot: boolean;
  status: number | null;
  isHeartbeat: boolean;
}

/** Names of the gateway's opcodes. */
const opcodes: Readonly<Record<number, string>> = {
  0: 'Dispatch',
  1: 'Heartbeat',
  2: 'Identify',
  3: 'Presence Update',
  6: 'Resume',
  7: 'Reconnect',
  8: 'Request Guild Members',
  9: 'Invalid Session',
  10: 'Hello',
  11: 'Heartbeat ACK',
};

/** Ids and tokens say little to people; the end of an id tells it from others. */
const idPart = /\/\d*(\d{4})(?=\/|$)/g;
const tokenPart = /\/(?:masked|[\w-]{40,})(?=\/|$)/g;

/** What passed, in a line. */
export function summaryOf(exchange: Exchange): ExchangeSummary {
  if (exchange.kind === 'rest') {
    const path = exchange.path.replaceAll(idPart, '/…$1').replaceAll(tokenPart, '/…');
    return { what: `${exchange.method} ${path}`, isFromBot: true, status: exchange.status, isHeartbeat: false };
  }
  const { op, t } = exchange.payload;
  const what = typeof t === 'string' ? t : (opcodes[Number(op)] ?? `op ${op}`);
  return { what, isFromBot: exchange.direction === 'out', status: null, isHeartbeat: op === 1 || op === 11 };
}
