import { encodeStates } from '../../src/worker/variation-states.ts';

/** The state of a variation, as short words. */
export const stateOfNumber = (number: number) => Buffer.from(`state of variation ${number}`);

/** States of so many variations, with pictures of one pixel. */
export function shownStates(count: number): Uint8Array {
  const frames = { width: 1, height: 1, frames: [new Uint8Array(3), new Uint8Array(3)] };
  return encodeStates({
    shown: Array.from({ length: count }, (_, index) => ({ frames, state: stateOfNumber(index + 1) })),
  });
}
