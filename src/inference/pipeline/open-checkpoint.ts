import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { loraModuleFinder } from '../models/lora-names.ts';
import { sgmUnetModules } from '../models/sgm-unet.ts';
import { openWeights, type Weights } from '../safetensors/open-weights.ts';
import type { ModelConfigs } from './load-model.ts';
import { type Lora, type LoraRequest, readLora } from './loras.ts';

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
  /** Notes for the operator: what was used in place of the usual file or format. */
  notes: readonly string[];
}

/**
 * Notes on a model for the operator before it runs: what was used in place of the usual files or formats. Only headers
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

/** More would not fit beside a graph into one message of protobuf's. */
const maxLoraBytes = 1.5 * 2 ** 30;

/**
 * The model with LoRAs, which must fit its UNet; several add up.
 * @throws ConfigError a file is no LoRA, or one for another model; the message says so by the file's name
 * @throws SafetensorsError a file, or the UNet's weights, cannot be read
 */
export async function withLoras(configs: ModelConfigs, requests: readonly LoraRequest[]): Promise<ModelConfigs> {
  if (requests.length === 0) return configs;
  const { weights } = await openCheckpoint(configs, 'unet');
  const find = loraModuleFinder(weights.keys(), sgmUnetModules(configs.unet));
  const loras: Lora[] = [];
  for (const request of requests) loras.push(await readLora(request, { weights, find }));
  const bytes = loras
    .flatMap(({ changes }) => [...changes.values()])
    .map(({ up, down }) => up.sizeBytes + down.sizeBytes);
  if (bytes.reduce((sum, size) => sum + size, 0) > maxLoraBytes) {
    throw new ConfigError('loras-too-large', 'The LoRAs have more than 1.5 GiB together: leave some out.');
  }
  return { ...configs, loras };
}
