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
import { type Metrics, noMetrics } from '../util/metrics.ts';
import type { ChannelPace } from './channel-pace.ts';
import { FittingRest } from './fitting-rest.ts';
import { GatewayConnections } from './gateway-connections.ts';
import { createGatewayLog, type ShardHealth } from './gateway-log.ts';
import { guardPackets } from './guard-packets.ts';

/** What {@link createClient} takes besides. */
export interface ClientOptions {
  /** Whether the bot is to hear of reactions. */
  hearsReactions: boolean;
  /** Where avatars and stickers are; default: Discord's own. Only a local stand-in needs another. */
  cdnUrl?: string | undefined;
  clock: Clock;
  log: Log;
  /** Default: nothing is held back. */
  pace?: ChannelPace;
  /** Counts requests. Default: nobody does. */
  metrics?: Metrics;
}

/** How one connection to the gateway is, and how quick. */
export interface GatewayHealth extends ShardHealth {
  /** What the last answer to a heartbeat took; undefined before the first. */
  latencyMs: number | undefined;
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
  { hearsReactions, cdnUrl, clock, log, pace, metrics = noMetrics }: ClientOptions,
): { client: Client; health: () => GatewayHealth[] } {
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
  client.rest = new FittingRest(client.options.rest, pace);
  // Neither the address nor the major parameter: both carry tokens of interactions.
  client.rest.on(RESTEvents.RateLimited, ({ route, method, global, scope, timeToReset }) => {
    log.warn({ route, method, global, scope, waitMs: timeToReset }, 'a rate limit of Discord is reached; waiting');
    metrics.count('kinora_discord_rate_limited_total', { scope: global ? 'global' : scope });
  });
  client.rest.on(RESTEvents.Response, ({ method, route }, { status, headers }) => {
    // A limit that the library did not see coming: it waits then, too, and says nothing.
    if (status === 429) {
      const scope = headers.get('x-ratelimit-scope') ?? 'user';
      log.warn(
        { route: routeName(method, route), scope },
        'Discord refuses a request over a rate limit; it is sent again',
      );
      metrics.count('kinora_discord_rate_limited_total', { scope });
    }
    metrics.count('kinora_discord_requests_total', { route: routeName(method, route), code: String(status) });
  });
  client.rest.on(RESTEvents.InvalidRequestWarning, ({ count, remainingTime }) => {
    log.warn({ count, remainingMs: remainingTime }, 'Discord refuses many requests; at 10,000 in ten minutes it bans');
  });
  const health = () => gatewayLog.health().map((state) => ({ ...state, latencyMs: latencyOf(client, state.shard) }));
  return { client, health };
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

function latencyOf(client: Client, shard: number): number | undefined {
  const ping = client.ws.shards.get(shard)?.ping ?? -1;
  return ping < 0 ? undefined : ping;
}

/** A route without ids and tokens; discord.js leaves some ids in, by their length, and marks old messages. */
function routeName(method: string, route: string): string {
  const bare = route
    .replace(/\/Delete Old Message$/, '')
    .replaceAll(/\/\d{5,}/g, '/:id')
    .replace('%40', '@');
  return `${method.toUpperCase()} ${bare.replace(/^\/(webhooks|interactions)\/:id\/[^/]+/, '/$1/:id/:token')}`;
}
