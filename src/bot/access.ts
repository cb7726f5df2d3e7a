import { type Client, DiscordAPIError, Events, type REST, RESTJSONErrorCodes, Routes } from 'discord.js';
import { UserError } from '../errors.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

/** Whom the operator lets use the bot. */
export interface AccessRules {
  /** The only servers that are served; undefined: all. */
  allowedGuildIds?: readonly string[] | undefined;
  /** Whether people may bring the app along by themselves. Default true. */
  userInstalls?: boolean | undefined;
}

/** Who asks, and where. */
export interface Asker {
  userId: string;
  guildId: string | null;
  /** Whether only the person brought the app there, and no server. */
  isUserInstall?: boolean;
}

/** What {@link createAccessCheck} works with. */
export interface AccessCheckOptions extends AccessRules {
  rest: REST;
  clock: Clock;
}

/** How long an answer about a membership is believed. */
const believedMs = 10 * 60_000;

/** People about whom it is remembered. */
const keptPeople = 1_000;

/**
 * Holds whoever asks to the operator's rules. In servers these need no look at Discord. A conversation has no server: there,
 * where only some servers are served, members of these may ask, by Discord's word of the last ten minutes.
 *
 * The function rejects with UserError `guild-not-allowed`, `members-only` or `user-install-off`
 */
export function createAccessCheck(options: AccessCheckOptions): (asker: Asker) => Promise<void> {
  const { allowedGuildIds, userInstalls = true, rest, clock } = options;
  const memberships = new Map<string, { isMember: boolean; untilMs: number }>();

  async function isMember(userId: string): Promise<boolean> {
    const known = memberships.get(userId);
    if (known !== undefined && known.untilMs > clock.now()) return known.isMember;
    let found = false;
    for (const guildId of allowedGuildIds ?? []) {
      found = await isMemberOf(rest, guildId, userId);
      if (found) break;
    }
    memberships.delete(userId);
    memberships.set(userId, { isMember: found, untilMs: clock.now() + believedMs });
    const [oldest] = memberships.keys();
    if (memberships.size > keptPeople && oldest !== undefined) memberships.delete(oldest);
    return found;
  }

  return async ({ userId, guildId, isUserInstall = false }) => {
    if (isUserInstall && !userInstalls) {
      throw new UserError('user-install-off', 'Only servers may add this bot.');
    }
    if (allowedGuildIds === undefined || (guildId !== null && allowedGuildIds.includes(guildId))) return;
    if (guildId !== null) throw new UserError('guild-not-allowed', 'This bot serves other servers alone.');
    if (!(await isMember(userId))) throw new UserError('members-only', 'Only members of some servers may ask.');
  };
}

/** Says in the log which servers the bot is in although they are not served, now and whenever it comes to another. */
export function tellUnserved(
  client: Client<true>,
  { allowedGuildIds, log }: Pick<AccessRules, 'allowedGuildIds'> & { log: Pick<Log, 'warn'> },
): void {
  if (allowedGuildIds === undefined) return;
  const tell = (guildIds: string[]) => {
    const guilds = guildIds.filter((id) => !allowedGuildIds.includes(id));
    if (guilds.length > 0) log.warn({ guilds }, 'the bot is in servers that ALLOWED_GUILDS does not name: not served');
  };
  tell([...client.guilds.cache.keys()]);
  client.on(Events.GuildCreate, ({ id }) => tell([id]));
}

/** A server that the bot is not in has no members that it could know of. */
async function isMemberOf(rest: REST, guildId: string, userId: string): Promise<boolean> {
  try {
    await rest.get(Routes.guildMember(guildId, userId));
    return true;
  } catch (error) {
    if (error instanceof DiscordAPIError && noMember.has(error.code)) return false;
    throw error;
  }
}

const noMember: ReadonlySet<unknown> = new Set([
  RESTJSONErrorCodes.UnknownMember,
  RESTJSONErrorCodes.UnknownGuild,
  RESTJSONErrorCodes.UnknownUser,
  RESTJSONErrorCodes.MissingAccess,
]);
