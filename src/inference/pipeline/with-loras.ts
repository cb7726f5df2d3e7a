import { ConfigError } from '../../errors.ts';
import { loraModuleFinder } from '../models/lora-names.ts';
import { sgmUnetModules } from '../models/sgm-unet.ts';
import type { ModelConfigs } from './load-model.ts';
import { type Lora, type LoraRequest, readLora } from './loras.ts';
import { openCheckpoint } from './open-checkpoint.ts';

/** More would not fit beside a graph into one message of protobuf's. */
const maxLoraBytes = 1.5 * 2 ** 30;

/**
 * The model with LoRAs, held against its UNet; several add up.
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
