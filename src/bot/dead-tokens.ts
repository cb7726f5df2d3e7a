import { createHash } from 'node:crypto';
import { DiscordError } from '../errors.ts';
import type { FactStore } from '../storage/facts.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ReplyAddress } from './reply-address.ts';

type InteractionToken = Pick<ReplyAddress, 'token' | 'tokenExpiresAtMs'>;

/** Which interactions' tokens are not to be used any more: each refusal of one counts against the bot. */
export interface DeadTokens {
  /** Whether Discord refused it, or it is past its time. */
  has(token: InteractionToken): boolean;
  /** Discord refused it before its time. */
  add(token: InteractionToken): void;
}

/** What {@link createDeadTokens} works with. */
export interface DeadTokensOptions {
  /** Keeps them for the next process, which takes up the jobs that they belong to. */
  facts: Pick<FactStore, 'set' | 'remove' | 'list'>;
  clock: Clock;
  log: Pick<Log, 'warn'>;
}

/**
 * A token's time is counted from when the bot heard of the interaction, Discord's from when it was made: 3 s before at most,
 * since later the bot's first answer is not taken. In milliseconds.
 */
const heardLateMs = 3_000;

const prefix = 'dead-token ';

/** Those that earlier processes met are known. */
export async function createDeadTokens({ facts, clock, log }: DeadTokensOptions): Promise<DeadTokens> {
  /** By the facts' keys, until when each is of interest. */
  const dead = new Map<string, number>();
  for (const { key, value } of await facts.list(prefix)) dead.set(key, Number(value));
  forgetPast();

  function warn(err: unknown): void {
    log.warn({ err }, 'that Discord takes an interaction’s token no more could not be stored');
  }

  /** What is past its time is not asked anyway. */
  function forgetPast(): void {
    for (const [key, untilMs] of dead) {
      if (untilMs > clock.now()) continue;
      dead.delete(key);
      facts.remove(key).catch(warn);
    }
  }

  return {
    has: ({ token, tokenExpiresAtMs }) => tokenExpiresAtMs - heardLateMs <= clock.now() || dead.has(keyOf(token)),
    add({ token, tokenExpiresAtMs }) {
      forgetPast();
      dead.set(keyOf(token), tokenExpiresAtMs);
      facts.set(keyOf(token), String(tokenExpiresAtMs)).catch(warn);
    },
  };
}

/** Of the token a hash is enough. */
function keyOf(token: string): string {
  return prefix + createHash('sha256').update(token).digest('hex').slice(0, 32);
}

/** What is said in Discord's place where a token is not asked any more. */
export function tokenEnded(): DiscordError {
  return new DiscordError('token-ended', 'The interaction’s token is past its time, or Discord refused it before.', {
    scope: 'job',
  });
}
