import type { Conditions } from './condition-types.ts';
import { createDeviations } from './deviations.ts';
import type { World } from './world.ts';

/** The switches for how unkind the stand-in is. */
export function createConditions(world: World): Conditions {
  return {
    deviate(options) {
      world.deviations = options && createDeviations(options);
    },
  };
}
