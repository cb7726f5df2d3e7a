import type { Conditions } from './condition-types.ts';
import { createDeviations } from './deviations.ts';
import { summariseInvalidRequests } from './invalid-requests.ts';
import { discordRateLimits } from './rate-limits.ts';
import type { World } from './world.ts';

/** The switches for how unkind the stand-in is. */
export function createConditions(world: World): Conditions {
  return {
    deviate(options) {
      world.deviations = options && createDeviations(options);
    },
    setRateLimits(limits) {
      world.rateLimits = limits === 'discord' ? discordRateLimits : limits;
    },
    invalidRequests: () => summariseInvalidRequests(world),
  };
}
