import { Client, GatewayIntentBits } from 'discord.js';

/** A discord.js client with Kinora's settings, not yet connected. `apiUrl` is without the version, which the library adds. */
export function createClient(apiUrl: string): Client {
  return new Client({
    // Interactions need no intent; Guilds keeps the channels' cache, which permission checks of threads read.
    intents: [GatewayIntentBits.Guilds],
    allowedMentions: { parse: [], repliedUser: false },
    enforceNonce: true,
    rest: {
      api: apiUrl,
      // It covers the upload, which is sent again when it expires: the default 15 s would post a clip twice.
      timeout: 120_000,
    },
  });
}
