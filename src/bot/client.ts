import {
  Client,
  GatewayIntentBits,
  Options,
  RESTEvents,
  Team,
  TeamMemberMembershipState,
  TeamMemberRole,
} from 'discord.js';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { FittingRest } from './fitting-rest.ts';
import { GatewayConnections } from './gateway-connections.ts';
import { createGatewayLog, type GatewayLog } from './gateway-log.ts';
import { guardPackets } from './guard-packets.ts';

/** What {@link createClient} takes besides. */
export interface ClientOptions {
  /** Whether the bot is to hear of reactions. */
  hearsReactions: boolean;
  /** Where avatars and stickers are; default: Discord's own. Only a local stand-in needs another. */
  cdnUrl?: string | undefined;
  clock: Clock;
  log: Log;
}

/** Refused requests (401, 403, 429) are told to the log each time that there are so many more; at 10,000 Discord bans. */
const invalidRequestStep = 100;

/**
 * A discord.js client with Kinora's settings, not yet connected, and how its connections are. `apiUrl` is without the
 * version, which the library adds.
 * No intent is privileged: Discord would close the connection of an application that is not granted one.
 */
export function createClient(
  apiUrl: string,
  { hearsReactions, cdnUrl, clock, log }: ClientOptions,
): { client: Client; health: GatewayLog['health'] } {
  const gatewayLog = createGatewayLog(clock, log);
  const client = new Client({
    // Interactions need no intent; Guilds keeps the channels' cache, which permission checks of threads read.
    intents: [GatewayIntentBits.Guilds, ...(hearsReactions ? reactionIntents : [])],
    allowedMentions: { parse: [], repliedUser: false },
    enforceNonce: true,
    // As many connections as Discord recommends: beyond 2,500 servers it takes no single one.
    shards: 'auto',
    ws: {
      ...Options.createDefault().ws,
      buildStrategy: (manager) => new GatewayConnections(manager, { gatewayLog, clock, log }),
    },
    rest: {
      api: apiUrl,
      ...(cdnUrl !== undefined && { cdn: cdnUrl, mediaProxy: cdnUrl }),
      // It covers the upload, which is sent again when it expires: the default 15 s would post a clip twice.
      timeout: 120_000,
      invalidRequestWarningInterval: invalidRequestStep,
    },
  });
  guardPackets(client, log);
  // Everything that the bot writes leaves here, whichever part of it writes. The timers of the first one are stopped.
  client.rest.clearHashSweeper();
  client.rest.clearHandlerSweeper();
  client.rest = new FittingRest(client.options.rest);
  // Neither the address nor the major parameter: both carry tokens of interactions.
  client.rest.on(RESTEvents.RateLimited, ({ route, method, global, scope, timeToReset }) => {
    log.warn({ route, method, global, scope, waitMs: timeToReset }, 'a rate limit of Discord is reached; waiting');
  });
  client.rest.on(RESTEvents.InvalidRequestWarning, ({ count, remainingTime }) => {
    log.warn({ count, remainingMs: remainingTime }, 'Discord refuses many requests; at 10,000 in ten minutes it bans');
  });
  return { client, health: gatewayLog.health };
}

const reactionIntents = [GatewayIntentBits.GuildMessageReactions, GatewayIntentBits.DirectMessageReactions];

/** Read-only members see the application and may change nothing. */
const operatorRoles: readonly string[] = [TeamMemberRole.Admin, TeamMemberRole.Developer];

/**
 * Whether somebody owns the application, alone or as a member of its team, by Discord's word of this moment. A member
 * has accepted the invitation and is a developer at least.
 */
export async function isOperator(client: Pick<Client, 'application'>, userId: string): Promise<boolean> {
  const application = await client.application?.fetch();
  const owner = application?.owner;
  if (!(owner instanceof Team)) return owner?.id === userId;
  if (owner.ownerId === userId) return true;
  const member = owner.members.get(userId);
  return member?.membershipState === TeamMemberMembershipState.Accepted && operatorRoles.includes(member.role);
}
