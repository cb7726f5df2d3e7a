import { Client, GatewayIntentBits, Partials, Team, TeamMemberMembershipState, TeamMemberRole } from 'discord.js';
import { FittingRest } from './fitting-rest.ts';

/** What {@link createClient} takes besides. */
export interface ClientOptions {
  /** Whether the bot is to hear of reactions, also under messages from before it came. */
  hearsReactions: boolean;
}

/**
 * A discord.js client with Kinora's settings, not yet connected. `apiUrl` is without the version, which the library adds.
 * No intent is privileged: Discord would close the connection of an application that is not granted one.
 */
export function createClient(apiUrl: string, { hearsReactions }: ClientOptions): Client {
  const client = new Client({
    // Interactions need no intent; Guilds keeps the channels' cache, which permission checks of threads read.
    intents: [GatewayIntentBits.Guilds, ...(hearsReactions ? reactionIntents : [])],
    partials: hearsReactions ? [Partials.Message, Partials.Reaction, Partials.Channel, Partials.User] : [],
    allowedMentions: { parse: [], repliedUser: false },
    enforceNonce: true,
    rest: {
      api: apiUrl,
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
