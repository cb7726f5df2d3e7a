import { type Client, DiscordAPIError, Events, Routes } from 'discord.js';
import { ConfigError } from '../errors.ts';
import { type RetryOptions, retry } from '../util/retry.ts';

/**
 * Waits until Discord answers: a machine that has just booted may have no network yet, and discord.js' login can be tried
 * only once.
 * @throws ConfigError `token-rejected`
 */
export async function reachDiscord(client: Client, token: string, options: RetryOptions): Promise<void> {
  client.rest.setToken(token);
  await retry(async () => {
    try {
      await client.rest.get(Routes.gatewayBot());
    } catch (cause) {
      if (cause instanceof DiscordAPIError && cause.status === 401) throw tokenRejected(cause);
      throw cause;
    }
  }, options);
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
 */
export async function logIn(client: Client, token: string): Promise<Client<true>> {
  // It may be ready before login() resolves.
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
  try {
    await client.login(token);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'TokenInvalid')) throw cause;
    throw tokenRejected(cause);
  }
  return ready;
}

/** Rejects with ConfigError `gateway-closed` when Discord closes the connection for good. */
export function connectionLost(client: Client): Promise<never> {
  const lost = new Promise<never>((_, reject) => {
    // Emitted only for close codes after which the library does not reconnect.
    client.once(Events.ShardDisconnect, ({ code }) => {
      reject(
        new ConfigError('gateway-closed', `Discord closed the connection for good (code ${code}); see its settings.`),
      );
    });
  });
  lost.catch(() => {});
  return lost;
}
