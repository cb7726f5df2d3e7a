import { join } from 'node:path';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import { type CheckpointTensor, writeCheckpoint } from '../../test/support/checkpoint.ts';

/** A network as diffusers has it, and the calls of it that are measured. */
export interface Case {
  network: 'unet' | 'vae-decoder' | 'vae-encoder' | 'image-encoder';
  /** Branches of guidance. */
  batch: number;
  frames: number;
  /** Pixels of a side. */
  size: number;
}

/** The sizes that the targets are set for: 14×256×256, a chunk of four frames, one picture. */
export const cases = {
  'unet-1': { network: 'unet', batch: 1, frames: 14, size: 256 },
  'unet-2': { network: 'unet', batch: 2, frames: 14, size: 256 },
  'vae-encoder': { network: 'vae-encoder', batch: 1, frames: 1, size: 256 },
  'vae-decoder': { network: 'vae-decoder', batch: 1, frames: 4, size: 256 },
  'image-encoder': { network: 'image-encoder', batch: 1, frames: 1, size: 224 },
} as const satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;

/** Writes the inputs of a case for both sides, the same every time. */
export function writeInputs(folder: string, name: CaseName): string {
  const path = join(folder, `${name}.safetensors`);
  const { network, batch, frames, size }: Case = cases[name];
  const generator = torchGenerator(1);
  const noise = (...shape: number[]): CheckpointTensor => {
    const values = generator.randn(shape.reduce((product, axis) => product * axis, 1));
    return { dtype: 'F32', shape, values };
  };
  const side = size / 8;
  switch (network) {
    case 'unet': {
      // With guidance the first branch sees no picture: its embedding is zero.
      const context = noise(batch, 1, 1024);
      if (batch === 2) (context.values as Float32Array).fill(0, 0, 1024);
      const ids = Float32Array.from(Array.from({ length: batch }, () => [6, 127, 0.02]).flat());
      writeCheckpoint(path, {
        sample: noise(batch * frames, 8, side, side),
        timestep: { dtype: 'F32', shape: [batch], values: new Float32Array(batch).fill(1.2) },
        encoder_hidden_states: context,
        added_time_ids: { dtype: 'F32', shape: [batch, 3], values: ids },
      });
      break;
    }
    case 'vae-decoder':
      writeCheckpoint(path, { z: noise(frames, 4, side, side) });
      break;
    case 'vae-encoder':
      writeCheckpoint(path, { sample: noise(1, 3, size, size) });
      break;
    case 'image-encoder':
      writeCheckpoint(path, { pixel_values: noise(1, 3, size, size) });
  }
  return path;
}
