import { InferenceError } from '../../errors.ts';

const stateLength = 624;
const middle = 397;

/** A source of uniform 32-bit words. */
export type WordSource = () => number;

/** Where a Mersenne Twister stands. */
export interface TwisterState {
  /** [624] */
  words: Uint32Array;
  /** How many of them have been given out, 0…624. */
  position: number;
}

/** A Mersenne Twister, at work. */
export interface Twister {
  /** The next word, 0…2^32−1. */
  next: WordSource;
  /** A copy of where it stands. */
  state(): TwisterState;
}

/**
 * The Mersenne Twister of Matsumoto and Nishimura (1998), seeded as `torch.manual_seed` seeds its CPU generator.
 * @param seed 0…2^32−1
 */
export function mt19937(seed: number): Twister {
  const state = new Uint32Array(stateLength);
  state[0] = seed;
  for (let index = 1; index < stateLength; index += 1) {
    const previous = state[index - 1]!;
    state[index] = Math.imul(1_812_433_253, previous ^ (previous >>> 30)) + index;
  }
  return twisterAt({ words: state, position: stateLength });
}

/** Goes on from a state, which is not touched. */
export function resumeMt19937({ words, position }: TwisterState): Twister {
  if (words.length !== stateLength || !(position >= 0 && position <= stateLength) || !Number.isInteger(position)) {
    throw new InferenceError('bad-generator-state', 'This is no state of a Mersenne Twister.');
  }
  return twisterAt({ words: words.slice(), position });
}

function twisterAt({ words: state, position }: TwisterState): Twister {
  let next = position;
  return {
    next() {
      if (next === stateLength) {
        twist(state);
        next = 0;
      }
      let word = state[next]!;
      next += 1;
      word ^= word >>> 11;
      word ^= (word << 7) & 0x9d2c5680;
      word ^= (word << 15) & 0xefc60000;
      return (word ^ (word >>> 18)) >>> 0;
    },
    state: () => ({ words: state.slice(), position: next }),
  };
}

/** Makes the next 624 words from the last 624, in place. */
function twist(state: Uint32Array): void {
  for (let index = 0, following = 1, across = middle; index < stateLength; index += 1) {
    const joined = (state[index]! & 0x80000000) | (state[following]! & 0x7fffffff);
    state[index] = state[across]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    following = following + 1 === stateLength ? 0 : following + 1;
    across = across + 1 === stateLength ? 0 : across + 1;
  }
}
