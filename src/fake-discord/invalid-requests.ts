import type { InvalidRequests } from './condition-types.ts';
import { type InvalidRequest, recordViolation, type World } from './world.ts';

/** Discord looks at the last ten minutes. */
const windowMs = 10 * 60_000;

/**
 * Counts an answer if it is "one that results in 401, 403, or 429 statuses", but for 429 with the scope `shared`
 * (https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans). At 10,000 within ten
 * minutes the real one bans the address: coming near is a violation, once.
 */
export function countInvalidRequest(world: World, request: InvalidRequest, scope: string | undefined): void {
  if (![401, 403, 429].includes(request.status) || scope === 'shared') return;
  const kept = world.invalidRequests;
  kept.push(request);
  while (kept[0] && kept[0].at <= world.now() - windowMs) kept.shift();
  if (kept.length !== world.invalidRequestLimit) return;
  recordViolation(world, `${kept.length} invalid requests (401, 403, 429) within 10 minutes; Discord bans at 10,000`);
}

/** Whether a refusal is the first that tells of a token which was ended before its time: nobody can know of it before. */
export function tellsOfEndedToken(world: World, status: number | undefined, token: string | undefined): boolean {
  if (status !== 401 || token === undefined) return false;
  const interaction = [...world.interactions.values()].find((each) => each.token === token && each.hasUntoldEnd);
  if (interaction === undefined) return false;
  interaction.hasUntoldEnd = false;
  return true;
}

/** What was counted within the last ten minutes. */
export function summariseInvalidRequests(world: World): InvalidRequests {
  const recent = world.invalidRequests.filter(({ at }) => at > world.now() - windowMs);
  const own = recent.filter(({ provoked }) => !provoked);
  const counts = new Map<string, number>();
  for (const { route, status } of own) {
    const key = `${status} ${route ?? 'unknown route'}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { total: recent.length, provoked: recent.length - own.length, unprovoked: Object.fromEntries(counts) };
}
