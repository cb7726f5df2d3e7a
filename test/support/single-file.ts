import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import { goldenPath } from './golden.ts';
import { safetensorsHead } from './sparse-model.ts';

/** A tiny checkpoint in generative-models' layout, as reference/single_file_goldens.py describes it. */
export interface SingleFileCase {
  seed: number;
  /** Factors of some tensors, so that frames do not saturate. */
  scales: Record<string, number>;
  /** Sizes joined by commas; none of a scalar. */
  shapes: Record<string, string>;
  /** The same networks' configs in diffusers' layout. */
  configs?: Record<'unet' | 'vae' | 'image_encoder', Record<string, unknown>>;
  /** `name network key view`: which tensor of diffusers' a tensor is. */
  placed?: string[];
}

/** What reference/single_file_goldens.py wrote beside the frames. */
export const singleFileManifest = JSON.parse(readFileSync(goldenPath('single-file.json'), 'utf8')) as {
  settings: Record<string, number | string>;
  cases: Record<'sgm' | 'comfy', SingleFileCase>;
};

/** The sizes of a tensor. */
function shapeOf(sizes: string): number[] {
  return sizes === '' ? [] : sizes.split(',').map(Number);
}

/** Writes the head of a file with tensors of these shapes, for what reads no more: the data are a hole, which takes no room. */
export function writeHead(path: string, shapes: ReadonlyMap<string, readonly number[]>): void {
  const { head, dataBytes } = safetensorsHead(shapes, 'F32');
  writeFileSync(path, head);
  truncateSync(path, head.length + dataBytes);
}

/** The shapes of the tensors that {@link drawSingleFile} draws. */
export function singleFileShapes({ shapes }: SingleFileCase): Map<string, readonly number[]> {
  return new Map(Object.entries(shapes).map(([name, sizes]) => [name, shapeOf(sizes)]));
}

/** The rule of `draw` in reference/single_file_goldens.py: every tensor by name in order, one call of randn each. */
export function drawSingleFile({ seed, scales, shapes }: SingleFileCase): Record<string, CheckpointTensor> {
  const generator = torchGenerator(seed);
  const tensors: Record<string, CheckpointTensor> = {};
  for (const name of Object.keys(shapes).sort()) {
    const shape = shapeOf(shapes[name]!);
    const count = shape.reduce((product, size) => product * size, 1);
    const isScale = shape.length < 2 && name.endsWith('weight');
    const [from, by] = shape.length > 1 ? [0, Math.sqrt(shape[0]! / count)] : isScale ? [1, 0.2] : [0, 0.3];
    const scale = scales[name] ?? 1;
    const values = generator.randn(count).map((value) => Math.fround(from + by * value) * scale);
    tensors[name] = { dtype: 'F32', shape, values };
  }
  return tensors;
}
