import { type APIGatewayBotInfo, type Client, DiscordAPIError, Events, GatewayCloseCodes, Routes } from 'discord.js';
import { ConfigError, DiscordError, scopeOf } from '../errors.ts';
import { cancelledBy } from '../util/cancellation.ts';
import { type RetryOptions, retry } from '../util/retry.ts';
import { isTransient } from './discord-errors.ts';

/**
 * Waits until Discord answers and has sessions left for every shard: a machine that has just booted may have no network
 * yet, Discord takes 1,000 new sessions a day, and discord.js' login can be tried only once.
 * @throws ConfigError `token-rejected`
 */
export async function reachDiscord(
  client: Client,
  token: string,
  options: Omit<RetryOptions, 'shouldRetry' | 'retryAfterMs'>,
): Promise<void> {
  client.rest.setToken(token);
  const attempt = async () => {
    try {
      refuseWithoutSessions((await client.rest.get(Routes.gatewayBot())) as Partial<APIGatewayBotInfo>);
    } catch (cause) {
      if (cause instanceof DiscordAPIError && cause.status === 401) throw tokenRejected(cause);
      throw cause;
    }
  };
  await retry(attempt, {
    ...options,
    shouldRetry: (error) => isTransient(error) || scopeOf(error) === 'transient',
    retryAfterMs: (error) => (error instanceof DiscordError ? Number(error.details.resetAfterMs) : 0),
  });
}

/** @throws DiscordError `no-sessions-left`, transient */
function refuseWithoutSessions({ shards = 1, session_start_limit: limit }: Partial<APIGatewayBotInfo>): void {
  if (limit === undefined || limit.remaining >= shards) return;
  const minutes = Math.ceil(limit.reset_after / 60_000);
  throw new DiscordError(
    'no-sessions-left',
    `Discord takes ${limit.remaining} more sessions and ${shards} are needed; there will be new ones in ${minutes} min.`,
    { scope: 'transient', details: { resetAfterMs: limit.reset_after } },
  );
}

function tokenRejected(cause: unknown): ConfigError {
  return new ConfigError(
    'token-rejected',
    'Discord refuses DISCORD_TOKEN. Reset it on the Bot page and set the new one.',
    {
      cause,
    },
  );
}

/**
 * Connects; resolves when the gateway is ready.
 * @throws ConfigError `token-rejected`
 * @throws JobCancelledError the signal was aborted
 */
export async function logIn(client: Client, token: string, signal?: AbortSignal): Promise<Client<true>> {
  // It may be ready before login() resolves.
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
  // A gateway that never gets ready is tried for ever.
  const told = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(cancelledBy(signal)), { once: true });
  });
  told.catch(() => {});
  try {
    await Promise.race([client.login(token), told]);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'TokenInvalid')) throw cause;
    throw tokenRejected(cause);
  }
  return Promise.race([ready, told]);
}

/** Rejects with ConfigError `gateway-closed` when Discord closes the connection for good. */
export function connectionLost(client: Client): Promise<never> {
  const lost = new Promise<never>((_, reject) => {
    // Emitted only for close codes after which the library does not reconnect.
    client.once(Events.ShardDisconnect, ({ code }) => {
      reject(code === GatewayCloseCodes.ShardingRequired ? outgrown(code) : closedForGood(code));
    });
  });
  lost.catch(() => {});
  return lost;
}

function closedForGood(code: number): ConfigError {
  return new ConfigError('gateway-closed', `Discord closed the connection for good (code ${code}); see its settings.`);
}

/** How many connections there are is asked of Discord when the bot starts. */
function outgrown(code: number): ConfigError {
  return new ConfigError(
    'gateway-closed',
    `The bot is in more servers than its connections may serve (code ${code}). Start it again: it then opens more.`,
  );
}
