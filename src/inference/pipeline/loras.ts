import { open, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import type { LowRankUpdate, LowRankUpdates } from '../graph/graph-builder.ts';
import { weightDataTypes } from '../graph/parameters.ts';
import { elementCount } from '../graph/value.ts';
import { readLoraName } from '../models/lora-names.ts';
import { readConfig } from '../models/parse-config.ts';
import type { Weights } from '../safetensors/open-weights.ts';
import { readFully, readSafetensors, type SafetensorsFile, type TensorEntry } from '../safetensors/read-safetensors.ts';
import { readTensor } from '../safetensors/read-tensor.ts';
import { explainForeignLora } from './explain-foreign.ts';

/** A LoRA that is to be added to the UNet. */
export interface LoraRequest {
  /** A .safetensors file. */
  file: string;
  /** How much of it; 1 is what it was trained for. */
  scale: number;
}

/** A LoRA that fits the model; its matrices have not been read. */
export interface Lora {
  /** The file's name without its ending, and its scale. */
  name: string;
  /** By the key of the weight that each changes. */
  changes: ReadonlyMap<string, LoraChange>;
}

interface LoraChange {
  up: TensorEntry;
  down: TensorEntry;
  scale: number;
}

/** Reads the matrices of LoRAs into memory, for a graph to be built with them. */
export async function readLoraUpdates(loras: readonly Lora[]): Promise<LowRankUpdates> {
  const updates = new Map<string, LowRankUpdate[]>();
  for (const [at, { changes }] of loras.entries()) {
    const entries = [...changes.values()].flatMap(({ up, down }) => [up, down]);
    const bytes = await readAll(entries);
    const matrix = (entry: TensorEntry) => ({ dtype: entry.dtype, shape: entry.shape, bytes: bytes.get(entry)! });
    for (const [key, { up, down, scale }] of changes) {
      const update = { name: `lora_${at}`, scale, up: matrix(up), down: matrix(down) };
      updates.set(key, [...(updates.get(key) ?? []), update]);
    }
  }
  return updates;
}

/** The bytes of tensors that lie in one file. */
async function readAll(entries: readonly TensorEntry[]): Promise<Map<TensorEntry, Uint8Array>> {
  const bytes = new Map<TensorEntry, Uint8Array>();
  const [first] = entries;
  if (first === undefined) return bytes;
  const handle = await open(first.file, 'r');
  try {
    for (const entry of entries) {
      const target = new Uint8Array(entry.sizeBytes);
      await readFully(handle, entry.file, target, entry.offset);
      bytes.set(entry, target);
    }
  } finally {
    await handle.close();
  }
  return bytes;
}

/**
 * Reads a LoRA's header and matches its tensors with a UNet's.
 * @param unet its weights, and what finds the key of the one that a module of a LoRA changes
 * @throws ConfigError the file is no LoRA, or one for another model
 * @throws SafetensorsError the file cannot be read
 */
export async function readLora(
  { file, scale }: LoraRequest,
  unet: { weights: Weights; find: (module: string) => string | undefined },
): Promise<Lora> {
  const lora = await readSafetensors(file);
  const alphas = await readAlphas(lora);
  const parts = new Map<string, Partial<Record<'up' | 'down' | 'alpha', TensorEntry>>>();
  const unknown: string[] = [];
  for (const [name, entry] of lora.tensors) {
    const read = readLoraName(name);
    if (read === undefined || unet.find(read.module) === undefined) unknown.push(name);
    else parts.set(read.module, { ...parts.get(read.module), [read.part]: entry });
  }
  const reason = explainForeignLora(unknown, lora.tensors.size);
  if (reason !== undefined) throw new ConfigError('lora-unfit', `${lora.path}: ${reason}`);

  const changes = new Map<string, LoraChange>();
  for (const [module, { up, down, alpha }] of parts) {
    const key = unet.find(module) ?? '';
    const weight = unet.weights.get(key);
    if (up === undefined || down === undefined || weight === undefined) {
      throw new ConfigError('lora-unfit', `${lora.path}: ${module} has one of its two matrices only.`);
    }
    const rank = checkShapes(lora, { module, up, down, weight });
    const ownAlpha = alpha === undefined ? alphas(module, rank) : ((await readTensor(alpha))[0] ?? Number.NaN);
    if (!Number.isFinite(ownAlpha)) throw new ConfigError('lora-unfit', `${lora.path}: α of ${module} is no number.`);
    changes.set(key, { up, down, scale: (scale * ownAlpha) / rank });
  }
  if (changes.size === 0) throw new ConfigError('lora-unfit', `${lora.path} has no tensors.`);
  return { name: `${basename(file, extname(file))}:${scale}`, changes };
}

/** @returns the rank */
function checkShapes(
  { path }: SafetensorsFile,
  { module, up, down, weight }: { module: string; up: TensorEntry; down: TensorEntry; weight: TensorEntry },
): number {
  const [rows, ...kernel] = weight.shape;
  const [outer, rank = 0, ...rest] = up.shape;
  const [innerRank, ...inner] = down.shape;
  const isPlain =
    rest.every((size) => size === 1) && elementCount(inner) === elementCount(kernel) && inner[0] === kernel[0];
  const types = [up, down].every(({ dtype }) => weightDataTypes[dtype] !== undefined);
  if (outer === rows && rank === innerRank && rank > 0 && isPlain && types) return rank;
  const shown = ({ shape, dtype }: TensorEntry) => `${dtype} [${shape.join(', ')}]`;
  throw new ConfigError(
    'lora-unfit',
    `${path} is a LoRA for another model: at ${module} the UNet has [${weight.shape.join(', ')}], and the LoRA ${shown(up)} and ${shown(down)}.`,
  );
}

const pattern = z.record(z.string(), z.number()).nullish();
/** A LoRA's own settings, as PEFT writes them; diffusers puts them into the file with the model's name before each. */
const adapterSchema = z.object({
  lora_alpha: z.number().nullish(),
  alpha_pattern: pattern,
  use_rslora: z.boolean().nullish(),
  use_dora: z.literal(false).nullish(),
});

/** What α is for a module and its rank, where no tensor says it: as the adapter's settings say, else as large as the rank. */
async function readAlphas({ path, metadata }: SafetensorsFile): Promise<(module: string, rank: number) => number> {
  const settings = parseSettings(metadata.get('lora_adapter_metadata')) ?? (await readAdapterConfig(path));
  const result = adapterSchema.safeParse(settings ?? {});
  if (!result.success) {
    const fields = result.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new ConfigError('lora-unfit', `${path}: the LoRA's settings cannot be followed: ${fields}.`);
  }
  const { lora_alpha, alpha_pattern, use_rslora } = result.data;
  return (module, rank) => {
    const special = Object.entries(alpha_pattern ?? {}).find(([name]) => matchesModule(module, name));
    const alpha = special?.[1] ?? lora_alpha ?? rank;
    // Rank-stabilised LoRA divides by the root of the rank.
    return use_rslora === true && (special !== undefined || lora_alpha != null) ? alpha * Math.sqrt(rank) : alpha;
  };
}

/** Patterns name a module by its end; `^` at the start binds them to the beginning. */
function matchesModule(module: string, name: string): boolean {
  const bare = module.replace(/^(base_model\.model\.|unet\.)+/, '');
  const wanted = name.replace(/^\^/, '');
  return bare === wanted || (!name.startsWith('^') && bare.endsWith(`.${wanted}`));
}

/** `{"unet.r": 4, "unet.lora_alpha": 8, …}` without the prefix. */
function parseSettings(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== 'object' || json === null) return undefined;
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key.replace(/^unet\./, ''), value]));
  } catch {
    return undefined;
  }
}

/** PEFT's own folder has the settings beside `adapter_model.safetensors`. */
async function readAdapterConfig(path: string): Promise<unknown> {
  if (!basename(path).startsWith('adapter_model')) return undefined;
  const beside = join(dirname(path), 'adapter_config.json');
  const isThere = await stat(beside).then(
    () => true,
    () => false,
  );
  return isThere ? readConfig(beside, z.unknown()) : undefined;
}
