import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openWeights } from '../../src/inference/safetensors/open-weights.ts';
import { requireOwnFile } from './linked-model.ts';

/** Bits of a value, little-endian, by dtype. */
const bits = {
  NaN: { F16: [0x00, 0x7e], F32: [0x00, 0x00, 0xc0, 0x7f] },
  Infinity: { F16: [0x00, 0x7c], F32: [0x00, 0x00, 0x80, 0x7f] },
} as const;

/**
 * Overwrites the first value of a tensor in a model folder.
 * @param tensor the network's folder and the tensor's name, e.g. `vae/quant_conv.bias`
 */
export async function spoilWeights(modelDir: string, tensor: string, value: 'NaN' | 'Infinity' = 'NaN'): Promise<void> {
  const [folder = '', name = ''] = tensor.split('/');
  const weights = await openWeights(
    join(modelDir, folder),
    folder === 'image_encoder' ? 'model' : 'diffusion_pytorch_model',
  );
  const entry = weights.get(name);
  if (entry === undefined || (entry.dtype !== 'F16' && entry.dtype !== 'F32'))
    throw new Error(`There is no ${tensor}.`);
  requireOwnFile(modelDir, entry.file);
  const file = openSync(entry.file, 'r+');
  writeSync(file, Uint8Array.from(bits[value][entry.dtype]), 0, undefined, entry.offset);
  closeSync(file);
}
