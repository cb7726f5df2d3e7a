import { GatewayCloseCodes } from 'discord.js';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type RetryPolicy, retryDelayMs } from '../util/retry.ts';

/** How one connection to the gateway is. */
export interface ShardHealth {
  shard: number;
  /** Whether it has a session: ready, or resumed. */
  isConnected: boolean;
  /** When {@link ShardHealth.isConnected} last changed, in milliseconds since 1970; undefined before the first session. */
  sinceMs: number | undefined;
  /** When the gateway last answered a heartbeat; undefined before the first answer of this session. */
  lastAckAtMs: number | undefined;
  /** Connections in a row that were closed before they had lasted half a minute. */
  failures: number;
}

/** Follows the connections to the gateway, says what becomes of them, and how long to wait before the next one. */
export interface GatewayLog {
  /** A session began: READY. */
  identified(shard: number): void;
  resumed(shard: number): void;
  acknowledged(shard: number): void;
  /** The connection was closed, or never came about. `isFinal`: the bot closed it, or it must not connect again. */
  closed(shard: number, code: number, options: { isFinal: boolean }): void;
  /** How long the next connection has to wait, in milliseconds. */
  delayMs(shard: number): number;
  /** Every shard that was heard of, in order. */
  health(): ShardHealth[];
}

/** discord.js connects again after half a second, whatever came before: this comes on top from the second failure on. */
const policy: RetryPolicy = { firstMs: 1_000, factor: 2, maxMs: 60_000 };

/** A connection that lasted so long was no failure. */
const stableMs = 30_000;

/** Closed by the bot so that it can resume: on Discord's request, or because heartbeats were not answered. */
const resumingCode = 4200;

interface ShardState extends ShardHealth {
  hadSession: boolean;
  delayMs: number;
}

/** Writes to `log`; `random` shortens the waits by chance, see {@link RetryPolicy.jitter}. */
export function createGatewayLog(clock: Clock, log: Log, random: () => number = Math.random): GatewayLog {
  const shards = new Map<number, ShardState>();

  function stateOf(shard: number): ShardState {
    const known = shards.get(shard);
    if (known) return known;
    const fresh: ShardState = {
      shard,
      isConnected: false,
      sinceMs: undefined,
      lastAckAtMs: undefined,
      failures: 0,
      hadSession: false,
      delayMs: 0,
    };
    shards.set(shard, fresh);
    return fresh;
  }

  function connected(state: ShardState): void {
    state.isConnected = true;
    state.sinceMs = clock.now();
    state.lastAckAtMs = undefined;
  }

  return {
    identified(shard) {
      const state = stateOf(shard);
      log.info({ shard }, state.hadSession ? 'a new session with the gateway' : 'connected to the gateway');
      state.hadSession = true;
      connected(state);
    },
    resumed(shard) {
      log.info({ shard }, 'the session with the gateway was resumed');
      connected(stateOf(shard));
    },
    acknowledged(shard) {
      stateOf(shard).lastAckAtMs = clock.now();
    },
    closed(shard, code, { isFinal }) {
      const state = stateOf(shard);
      const nowMs = clock.now();
      const wasStable = state.isConnected && nowMs - (state.sinceMs ?? nowMs) >= stableMs;
      if (state.isConnected) state.sinceMs = nowMs;
      state.isConnected = false;
      const fields = { shard, code, reason: nameOf(code) };
      if (isFinal) {
        log.info(fields, 'disconnected from the gateway');
        return;
      }
      state.failures = wasStable ? 0 : state.failures + 1;
      state.delayMs = state.failures > 1 ? retryDelayMs(policy, state.failures - 1, random) : 0;
      const isUsual = state.failures === 0 && code === resumingCode;
      log[isUsual ? 'info' : 'warn'](
        { ...fields, failures: state.failures, delayMs: state.delayMs },
        'the connection to the gateway was closed; connecting again',
      );
    },
    delayMs: (shard) => stateOf(shard).delayMs,
    health: () =>
      [...shards.values()].sort((a, b) => a.shard - b.shard).map(({ hadSession: _, delayMs: __, ...health }) => health),
  };
}

/** Discord's word for a close code, where there is one. */
function nameOf(code: number): string | undefined {
  if (code === resumingCode) return 'Resuming';
  return GatewayCloseCodes[code];
}
