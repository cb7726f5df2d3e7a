import { InferenceError } from '../../errors.ts';
import { logFloat32, sinCosFloat32 } from './float32-math.ts';
import { mt19937, resumeMt19937, type Twister, type TwisterState, type WordSource } from './mt19937.ts';

/** Draws numbers as a CPU `torch.Generator` does; each call goes on where the last one ended. */
export interface TorchGenerator {
  /** `torch.randn(count, generator=…)`: float32, mean 0, standard deviation 1; of a shape, `count` is the product. */
  randn(count: number): Float32Array;
  /** A copy of where it stands, for {@link resumeTorchGenerator}. */
  state(): GeneratorState;
}

/** Everything that a generator goes on from. */
export interface GeneratorState extends TwisterState {
  /** The second value of a pair of which one was drawn, where small tensors were drawn last. */
  keptNormal: number | undefined;
}

/** torch fills this many values or more in blocks of this size, and fewer one by one. */
const blockSize = 16;
const twoPi = Math.fround(2 * Math.PI);

/**
 * `torch.Generator('cpu').manual_seed(seed)`. Fills of 16 and more values give the bits of torch's x86 kernels (AVX2 and
 * AVX-512); other builds of torch, which call the C library's log and sin, differ from those by up to 2e-6 themselves.
 * @param seed 0…2^32−1
 * @throws InferenceError the seed is not such a number
 */
export function torchGenerator(seed: number): TorchGenerator {
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new InferenceError('bad-seed', `A seed is a whole number from 0 to 4294967295, not ${seed}.`);
  }
  return generatorOf(mt19937(seed));
}

/**
 * A generator that draws what the one that gave the state would have drawn next.
 * @throws InferenceError it is no state of a generator
 */
export function resumeTorchGenerator({ keptNormal, ...twister }: GeneratorState): TorchGenerator {
  return generatorOf(resumeMt19937(twister), keptNormal);
}

function generatorOf({ next, state }: Twister, keptNormal?: number): TorchGenerator {
  const normals = doubleNormals(next, keptNormal);
  return {
    randn(count) {
      const values = new Float32Array(count);
      if (count >= blockSize) fillBlocks(values, next);
      else for (let index = 0; index < count; index += 1) values[index] = normals.next();
      return values;
    },
    state: () => ({ ...state(), keptNormal: normals.kept() }),
  };
}

/** aten `normal_fill`: uniform values first, then blocks in place; a tail that fills no block is drawn anew with 16 values. */
function fillBlocks(values: Float32Array, nextWord: WordSource): void {
  fillUniform(values, nextWord);
  for (let start = 0; start + blockSize <= values.length; start += blockSize) {
    boxMullerBlock(values, start);
  }
  if (values.length % blockSize !== 0) {
    const last = values.subarray(values.length - blockSize);
    fillUniform(last, nextWord);
    boxMullerBlock(last, 0);
  }
}

/** The low 24 bits of a word fill a float32's fraction: [0, 1). */
function fillUniform(values: Float32Array, nextWord: WordSource): void {
  for (let index = 0; index < values.length; index += 1) values[index] = (nextWord() & 0xffffff) * 2 ** -24;
}

const sinCos = new Float32Array(2);

/** Turns 16 uniform values from `start` on into normal ones: the first 8 give the radius, the last 8 the angle. */
function boxMullerBlock(values: Float32Array, start: number): void {
  const half = blockSize / 2;
  for (let index = start; index < start + half; index += 1) {
    const radius = Math.fround(Math.sqrt(-2 * logFloat32(1 - values[index]!)));
    sinCosFloat32(Math.fround(twoPi * values[index + half]!), sinCos);
    values[index] = radius * sinCos[1]!;
    values[index + half] = radius * sinCos[0]!;
  }
}

/** aten `normal_distribution<double>`: draws pairs and keeps the second, also from one call of randn to the next. */
function doubleNormals(
  nextWord: WordSource,
  keptBefore: number | undefined,
): { next(): number; kept(): number | undefined } {
  const nextUniform = (): number => {
    const high = nextWord() & 0x1fffff; // 53 bits: 21 above, 32 below
    return (high * 2 ** 32 + nextWord()) * 2 ** -53;
  };
  let kept = keptBefore;
  return {
    next() {
      if (kept !== undefined) {
        const value = kept;
        kept = undefined;
        return value;
      }
      const angle = 2 * Math.PI * nextUniform();
      const radius = Math.sqrt(-2 * Math.log1p(-nextUniform()));
      kept = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    kept: () => kept,
  };
}
