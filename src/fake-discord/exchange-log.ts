import { isObject } from './form-rules.ts';
import type { JsonObject } from './payloads.ts';
import type { Exchange, FakeDiscordOptions } from './types.ts';
import { createFeed } from './waiting.ts';
import { recordViolation, type World } from './world.ts';

const keptExchanges = 10_000;

/** Keeps what passed between the bot and the stand-in and has it validated. */
export interface ExchangeLog {
  record(exchange: Exchange): void;
  /** A gateway payload, seen from the bot. */
  recordGateway(direction: 'in' | 'out', payload: JsonObject): void;
  all(): readonly Exchange[];
  /** Hears each exchange; returns a function that ends that. */
  subscribe(listener: (exchange: Exchange) => void): () => void;
  /** Validates what came since the last time: not at once, because that would slow the traffic down. */
  validate(): void;
}

/** Makes a log that calls the `validate` and `log` of the options for each exchange. */
export function createExchangeLog(world: World, { validate, log }: FakeDiscordOptions): ExchangeLog {
  const kept: Exchange[] = [];
  let unchecked: Exchange[] = [];
  const feed = createFeed<Exchange>();

  const record = (exchange: Exchange): void => {
    kept.push(exchange);
    if (kept.length > keptExchanges) kept.shift();
    if (validate && !exchange.deviated) unchecked.push(exchange);
    log?.(exchange);
    feed.emit(exchange);
  };
  const check = (exchange: Exchange): readonly string[] => {
    try {
      return validate?.(exchange) ?? [];
    } catch (error) {
      return [`validate threw: ${String(error)}`];
    }
  };

  return {
    record,
    recordGateway: (direction, payload) =>
      record({
        kind: 'gateway',
        at: world.now(),
        direction,
        payload: maskToken(structuredClone(payload)),
        ...(world.deviated.has(payload) ? { deviated: true } : {}),
      }),
    all: () => kept,
    subscribe: feed.subscribe,
    validate() {
      const batch = unchecked;
      unchecked = [];
      for (const text of batch.flatMap(check)) recordViolation(world, text);
    },
  };
}

function maskToken(payload: JsonObject): JsonObject {
  if (isObject(payload.d) && typeof payload.d.token === 'string') payload.d.token = 'masked';
  return payload;
}
