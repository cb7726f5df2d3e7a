import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openWeights } from '../../src/inference/safetensors/open-weights.ts';
import { requireOwnFile } from './linked-model.ts';

/**
 * Multiplies tensors of a model folder's VAE, which are float32, by a power of two, in their files; float16 has to hold the products.
 * @param tensors their names begin so, e.g. `encoder.conv_in.`
 */
export async function scaleWeights(modelDir: string, tensors: string, powerOfTwo: number): Promise<void> {
  const weights = await openWeights(join(modelDir, 'vae'), 'diffusion_pytorch_model');
  const entries = [...weights.values()].filter(({ name }) => name.startsWith(tensors));
  if (entries.length === 0) throw new Error(`There is no ${tensors}.`);
  for (const { name, dtype, file, offset, sizeBytes } of entries) {
    requireOwnFile(modelDir, file);
    if (dtype !== 'F32') throw new Error(`${name} is no float32.`);
    const values = new Float32Array(sizeBytes / 4);
    const opened = openSync(file, 'r+');
    readSync(opened, values, 0, sizeBytes, offset);
    for (const [at, value] of values.entries()) {
      values[at] = value * 2 ** powerOfTwo;
      if (Math.abs(values[at]) > 65_504) throw new Error(`${name} has values too large for that.`);
    }
    writeSync(opened, values, 0, sizeBytes, offset);
    closeSync(opened);
  }
}
