import { torchGenerator } from '../../src/inference/random/torch-generator.ts';

/** Normal noise for every input of a graph, the same every time; `timestep` is that of a noisy sample. */
export function randomInputs(
  inputs: readonly { name: string; shape: readonly number[] }[],
): Record<string, Float32Array> {
  const generator = torchGenerator(1);
  return Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const values = generator.randn(shape.reduce((product, axis) => product * axis, 1));
      return [name, name === 'timestep' ? values.fill(1.2) : values];
    }),
  );
}
