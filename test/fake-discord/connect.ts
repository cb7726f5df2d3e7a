import { Client, type ClientOptions, GatewayIntentBits, Partials } from 'discord.js';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { FakeDiscord, FakeDiscordOptions } from '../../src/fake-discord/types.ts';
import { discordDeviations } from '../support/discord-schemas.ts';

/** A stand-in whose traffic is validated in both directions. */
export function startValidated(options: FakeDiscordOptions = {}): Promise<FakeDiscord> {
  return startFakeDiscord({ validate: discordDeviations, ...options });
}

/** A discord.js client for a stand-in; not logged in yet. */
export function clientFor(fake: FakeDiscord, options: Partial<ClientOptions> = {}): Client {
  return new Client({
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
}

/** Logs in and waits for `clientReady`. */
export async function ready(client: Client, token: string): Promise<void> {
  const isReady = new Promise<void>((resolve) => client.once('clientReady', () => resolve()));
  await client.login(token);
  await isReady;
}
