import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openWeights } from '../../src/inference/safetensors/open-weights.ts';
import { requireOwnFile } from './linked-model.ts';

/**
 * Multiplies tensors of a model folder's VAE, which are float16, by a power of two, in their files.
 * @param tensors their names begin so, e.g. `encoder.conv_in.`
 */
export async function scaleWeights(modelDir: string, tensors: string, powerOfTwo: number): Promise<void> {
  const weights = await openWeights(join(modelDir, 'vae'), 'diffusion_pytorch_model');
  const entries = [...weights.values()].filter(({ name }) => name.startsWith(tensors));
  if (entries.length === 0) throw new Error(`There is no ${tensors}.`);
  for (const { name, dtype, file, offset, sizeBytes } of entries) {
    requireOwnFile(modelDir, file);
    if (dtype !== 'F16') throw new Error(`${name} is no float16.`);
    const values = new Uint16Array(sizeBytes / 2);
    const opened = openSync(file, 'r+');
    readSync(opened, values, 0, sizeBytes, offset);
    for (const [at, bits] of values.entries()) {
      // 1 sign, 5 exponent, 10 fraction bits; what is below the smallest normal number stays as it is.
      const exponent = (bits >> 10) & 0x1f;
      if (exponent + powerOfTwo > 30) throw new Error(`${name} has values too large for that.`);
      if (exponent > 0) values[at] = bits + (powerOfTwo << 10);
    }
    writeSync(opened, values, 0, sizeBytes, offset);
    closeSync(opened);
  }
}
