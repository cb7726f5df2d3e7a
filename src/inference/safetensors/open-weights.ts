import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { JsonCursor, safetensorsError } from './json-cursor.ts';
import { maxIndexBytes, maxShardCount, maxTensorCount } from './limits.ts';
import { decodeUtf8, openRegularFile, readFully, readSafetensors, type TensorEntry } from './read-safetensors.ts';

/** Every tensor of a checkpoint by its name, whichever file it lies in. */
export type Weights = ReadonlyMap<string, TensorEntry>;

/** Which of a checkpoint's files {@link openWeights} takes. */
export interface OpenWeightsOptions {
  /** `'fp16'` takes `<base>.fp16.safetensors` only, `''` the plain file only; left out: the plain file, else fp16. */
  variant?: string;
}

/**
 * Finds a checkpoint as diffusers and transformers write it (one file or shards with an index) and reads its headers.
 * @param path a folder, or one .safetensors file, which is then taken as it is
 * @param baseName e.g. `diffusion_pytorch_model` or `model`
 * @throws SafetensorsError no such file, or a file or index that breaks the format
 */
export async function openWeights(
  path: string,
  baseName: string,
  { variant }: OpenWeightsOptions = {},
): Promise<Weights> {
  if (await isFile(path)) return (await readSafetensors(path)).tensors;
  const names = (variant === undefined ? ['', 'fp16'] : [variant]).flatMap((each) => candidates(baseName, each));
  for (const name of names) {
    const candidate = join(path, name);
    if (!(await isFile(candidate))) continue;
    return name.endsWith('.json') ? openShards(candidate) : (await readSafetensors(candidate)).tensors;
  }
  throw safetensorsError('weights-not-found', { path }, `no weights; looked for ${names.join(', ')}.`);
}

/** diffusers puts the variant of an index before `.json`; some checkpoints put it before `.safetensors`. */
function candidates(baseName: string, variant: string): string[] {
  if (variant === '') return [`${baseName}.safetensors`, `${baseName}.safetensors.index.json`];
  return [
    `${baseName}.${variant}.safetensors`,
    `${baseName}.safetensors.index.${variant}.json`,
    `${baseName}.${variant}.safetensors.index.json`,
  ];
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Index and shards must say the same: a tensor in the wrong shard, or in none, is a mixed-up download. */
async function openShards(indexPath: string): Promise<Weights> {
  const shardOf = parseIndex(await readIndexText(indexPath), indexPath);
  const tensors = new Map<string, TensorEntry>();
  for (const shard of new Set(shardOf.values())) {
    // A shard that is a link is followed, as everywhere: Hugging Face's cache is made of links.
    const file = await readSafetensors(join(dirname(indexPath), shard));
    for (const [name, entry] of file.tensors) {
      if (shardOf.get(name) !== shard) {
        throw safetensorsError('bad-index', { path: file.path, tensor: name }, `${indexPath} does not place it here.`);
      }
      tensors.set(name, entry);
    }
  }
  for (const [tensor, shard] of shardOf) {
    if (!tensors.has(tensor)) {
      throw safetensorsError('bad-index', { path: indexPath, tensor }, `${shard} does not hold it.`);
    }
  }
  return tensors;
}

async function readIndexText(path: string): Promise<string> {
  const { handle } = await openRegularFile(path);
  try {
    const { size } = await handle.stat();
    if (size > maxIndexBytes) {
      throw safetensorsError('index-too-large', { path }, `the index has ${size} bytes, over ${maxIndexBytes}.`);
    }
    const bytes = Buffer.alloc(size);
    await readFully(handle, path, bytes, 0);
    return decodeUtf8(bytes, path);
  } finally {
    await handle.close();
  }
}

/** @returns the shard's file name of every tensor */
function parseIndex(text: string, path: string): Map<string, string> {
  const cursor = new JsonCursor(text, path);
  const shardOf = new Map<string, string>();
  const shards = new Set<string>();
  cursor.readObject((key) => {
    if (key !== 'weight_map') {
      cursor.skipValue();
      return;
    }
    cursor.readObject((tensor) => {
      cursor.place.tensor = tensor;
      const shard = cursor.readString();
      if (!isShardName(shard))
        cursor.fail('bad-shard-name', `${JSON.stringify(shard)} is not a file beside the index.`);
      shardOf.set(tensor, shard);
      shards.add(shard);
      if (shardOf.size > maxTensorCount) cursor.fail('too-many-tensors', `more than ${maxTensorCount} are listed.`);
      if (shards.size > maxShardCount) cursor.fail('too-many-shards', `more than ${maxShardCount} files are named.`);
    });
    delete cursor.place.tensor;
  });
  cursor.expectEnd();
  if (shardOf.size === 0) cursor.fail('bad-index', 'the index has no weight_map.');
  return shardOf;
}

/** A plain name in the index's own folder: no path of either kind, no device, no byte 0. */
function isShardName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*\.safetensors$/.test(name) && basename(name) === name;
}
