import { Client, type ClientOptions, GatewayIntentBits, Partials } from 'discord.js';
import { FittingRest } from '../../src/bot/fitting-rest.ts';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { FakeDiscord, FakeDiscordOptions } from '../../src/fake-discord/types.ts';
import { discordDeviations } from '../support/discord-schemas.ts';

/** A stand-in whose traffic is validated in both directions. */
export function startValidated(options: FakeDiscordOptions = {}): Promise<FakeDiscord> {
  return startFakeDiscord({ validate: discordDeviations, ...options });
}

/**
 * A discord.js client for a stand-in, not logged in yet. It writes as the bot does: bare discord.js puts fields into every
 * message that Discord documents for some alone, and the stand-in takes them nowhere else.
 */
export function clientFor(fake: FakeDiscord, options: Partial<ClientOptions> = {}): Client {
  const client = new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.GuildMessageReactions,
      GatewayIntentBits.DirectMessages,
      GatewayIntentBits.DirectMessageReactions,
    ],
    partials: [Partials.Message, Partials.Channel, Partials.Reaction, Partials.User],
    rest: { api: fake.apiUrl },
    ...options,
  });
  client.rest.clearHashSweeper();
  client.rest.clearHandlerSweeper();
  client.rest = new FittingRest(client.options.rest);
  return client;
}

/** Logs in and waits for `clientReady`. */
export async function ready(client: Client, token: string): Promise<void> {
  const isReady = new Promise<void>((resolve) => client.once('clientReady', () => resolve()));
  await client.login(token);
  await isReady;
}
