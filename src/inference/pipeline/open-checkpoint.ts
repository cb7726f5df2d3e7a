import { join } from 'node:path';
import { openWeights, type Weights } from '../safetensors/open-weights.ts';
import type { ModelConfigs } from './load-model.ts';

/** The networks that have a checkpoint, by their folder, and what diffusers and transformers call its file. */
export const checkpointBaseNames = {
  unet: 'diffusion_pytorch_model',
  vae: 'diffusion_pytorch_model',
  image_encoder: 'model',
} as const;
export type CheckpointName = keyof typeof checkpointBaseNames;

/** A network's weights under diffusers' names; only headers have been read. */
export interface OpenedCheckpoint {
  /** The folder or file, for messages. */
  where: string;
  weights: Weights;
  /** What a person should know: what was taken instead of what is usual. */
  notes: readonly string[];
}

/**
 * What a person should know of a model before it runs: everything that was taken instead of what is usual. Only headers
 * are read; what cannot be read is no note, but an error when it is needed.
 */
export async function modelNotes(configs: ModelConfigs): Promise<string[]> {
  const names = Object.keys(checkpointBaseNames) as CheckpointName[];
  const opened = await Promise.allSettled(names.map((name) => openCheckpoint(configs, name)));
  return [...configs.notes, ...opened.flatMap((one) => (one.status === 'fulfilled' ? one.value.notes : []))];
}

/**
 * Opens one network's checkpoint.
 * @throws SafetensorsError there are no weights, or a file breaks the format
 */
export async function openCheckpoint(
  { dir, weights: held }: ModelConfigs,
  name: CheckpointName,
): Promise<OpenedCheckpoint> {
  const where = held === undefined ? join(dir, name) : `${dir} (${name})`;
  const notes: string[] = [];
  const options = { onNote: (note: string) => notes.push(note) };
  const weights = held?.[name] ?? (await openWeights(where, checkpointBaseNames[name], options));
  const narrow = [...new Set([...weights.values()].map(({ dtype }) => dtype))].filter((dtype) =>
    dtype.startsWith('F8_'),
  );
  if (narrow.length > 0) {
    notes.push(`${where} holds fp8 weights (${narrow.join(', ')}): they are widened when they are loaded.`);
  }
  return { where, weights, notes };
}
