import { Client, GatewayIntentBits } from 'discord.js';
import { FittingRest } from './fitting-rest.ts';

/** What {@link createClient} takes besides. */
export interface ClientOptions {
  /** Whether the bot is to hear of reactions. */
  hearsReactions: boolean;
  /** Where avatars and stickers are; default: Discord's own. Only a local stand-in needs another. */
  cdnUrl?: string | undefined;
}

/**
 * A discord.js client with Kinora's settings, not yet connected. `apiUrl` is without the version, which the library adds.
 * No intent is privileged: Discord would close the connection of an application that is not granted one.
 */
export function createClient(apiUrl: string, { hearsReactions, cdnUrl }: ClientOptions): Client {
  const client = new Client({
    // Interactions need no intent; Guilds keeps the channels' cache, which permission checks of threads read.
    intents: [GatewayIntentBits.Guilds, ...(hearsReactions ? reactionIntents : [])],
    allowedMentions: { parse: [], repliedUser: false },
    enforceNonce: true,
    rest: {
      api: apiUrl,
      ...(cdnUrl !== undefined && { cdn: cdnUrl, mediaProxy: cdnUrl }),
      // It covers the upload, which is sent again when it expires: the default 15 s would post a clip twice.
      timeout: 120_000,
    },
  });
  // Everything that the bot writes leaves here, whichever part of it writes. The timers of the first one are stopped.
  client.rest.clearHashSweeper();
  client.rest.clearHandlerSweeper();
  client.rest = new FittingRest(client.options.rest);
  return client;
}

const reactionIntents = [GatewayIntentBits.GuildMessageReactions, GatewayIntentBits.DirectMessageReactions];
