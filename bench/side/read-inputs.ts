import { readSafetensors } from '../../src/inference/safetensors/read-safetensors.ts';
import { readTensor } from '../../src/inference/safetensors/read-tensor.ts';

/** Every tensor of a file, by name. */
export async function readInputs(path: string): Promise<Record<string, Float32Array>> {
  const { tensors } = await readSafetensors(path);
  const values = [...tensors].map(async ([name, entry]) => [name, await readTensor(entry)] as const);
  return Object.fromEntries(await Promise.all(values));
}
