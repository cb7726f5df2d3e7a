/**
 * How random weights are scaled. `unit`: each layer gives values about as large as those it takes, norms are near 1.
 * `default`: as torch fills new layers, and so diffusers: uniform within ±1/√(inputs of a value), which is √3 times less,
 * norms 1 and 0, so that a branch adds little to what passes it by. Biases are within ±0.05 in both.
 */
export type WeightScale = 'unit' | 'default';

/** Makes the tensors of a checkpoint, one after another: the bits of float16 values, row-major. */
export type RandomTensors = (name: string, shape: readonly number[]) => Uint16Array;

/** Weights for networks of any of Kinora's kinds that are to be run, not to be looked at; the same for the same seed. */
export function randomTensors(seed: number, scale: WeightScale = 'unit'): RandomTensors {
  const next = uniformNumbers(seed);
  return (name, shape) => {
    const { middle, width } = rangeOf(name, shape, scale);
    const values = new Uint16Array(shape.reduce((product, size) => product * size, 1));
    for (let index = 0; index < values.length; index++) values[index] = halfBits(middle + width * next());
    return values;
  };
}

/** What a tensor is filled with: the middle and how far from it. */
function rangeOf(name: string, shape: readonly number[], scale: WeightScale): { middle: number; width: number } {
  const isDefault = scale === 'default';
  const isVector = shape.length === 1;
  if (name.endsWith('mix_factor')) return { middle: isDefault ? 0.5 : 0, width: isDefault ? 0 : 1 };
  if (isVector && name.endsWith('weight')) return { middle: 1, width: isDefault ? 0 : 0.2 };
  if (isVector) return { middle: 0, width: isDefault && name.includes('norm') ? 0 : 0.05 };
  if (name.endsWith('position_embedding.weight')) return { middle: 0, width: 0.04 };
  const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
  return { middle: 0, width: Math.sqrt((isDefault ? 1 : 3) / inputs) };
}

/** Uniform numbers in [-1, 1), by Marsaglia's xorshift with 32 bits (Xorshift RNGs, 2003). */
function uniformNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >> 7) / 2 ** 24;
  };
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** The bits of a number as float16, to nearest; what is below float16's smallest normal number becomes 0. */
function halfBits(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const rest = (bits & 0x7fff_ffff) - (112 << 23); // exponents are stored 127 too large, in float16 15
  return rest < 1 << 23 ? sign : sign | ((rest + 0xfff + ((rest >>> 13) & 1)) >>> 13);
}
