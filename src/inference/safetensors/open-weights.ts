import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { foreignFormat, foreignPrefixBytes } from './foreign-file.ts';
import { maxIndexBytes, maxShardCount, maxTensorCount } from './format.ts';
import { JsonCursor, safetensorsError } from './json-cursor.ts';
import {
  danglingTarget,
  danglingText,
  decodeUtf8,
  openRegularFile,
  readFully,
  readSafetensors,
  type TensorEntry,
} from './read-safetensors.ts';

/** Every tensor of a checkpoint by its name, whichever file it lies in. */
export type Weights = ReadonlyMap<string, TensorEntry>;

/** Which of a checkpoint's files {@link openWeights} takes. */
export interface OpenWeightsOptions {
  /** `'fp16'` takes `<base>.fp16.safetensors` only, `''` the plain file only; left out: the plain file, else fp16. */
  variant?: string;
  /** Called with a note for each file or format used in place of the usual one. */
  onNote?: (note: string) => void;
}

/**
 * Finds a checkpoint as diffusers and transformers write it (one file or shards with an index) and reads its headers.
 * Where no variant is asked for and neither the plain one nor fp16 is there, the only other one is taken.
 * @param path a folder, or one .safetensors file, which is then taken as it is
 * @param baseName e.g. `diffusion_pytorch_model` or `model`
 * @throws SafetensorsError no such file, or a file or index that breaks the format
 */
export async function openWeights(
  path: string,
  baseName: string,
  { variant, onNote = () => {} }: OpenWeightsOptions = {},
): Promise<Weights> {
  if (await isFile(path)) return (await readSafetensors(path)).tensors;
  const usual = (variant === undefined ? ['', 'fp16'] : [variant]).flatMap((each) => candidates(baseName, each));
  for (const name of usual) {
    const candidate = join(path, name);
    if (await isFile(candidate)) return openFileOrShards(candidate);
  }
  const files = await readdir(path).catch(() => undefined);
  const others = variant === undefined ? otherVariants(files ?? [], baseName) : [];
  const [only] = others;
  if (only !== undefined && others.length === 1) {
    onNote(`${path} holds its weights in the variant ${only.variant} alone: taking ${only.file}.`);
    return openFileOrShards(join(path, only.file));
  }
  for (const name of usual) {
    const target = await danglingTarget(join(path, name));
    if (target !== undefined) throw safetensorsError('not-readable', { path: join(path, name) }, danglingText(target));
  }
  const problem = `no weights; looked for ${usual.join(', ')}. ${describeFiles(files, baseName, others)}`;
  throw safetensorsError('weights-not-found', { path }, problem);
}

async function openFileOrShards(path: string): Promise<Weights> {
  return path.endsWith('.json') ? openShards(path) : (await readSafetensors(path)).tensors;
}

/** Checkpoints of any other variant that are there, e.g. `model.bf16.safetensors`. */
function otherVariants(files: readonly string[], baseName: string): { variant: string; file: string }[] {
  return files.flatMap((file) => {
    if (!file.startsWith(`${baseName}.`)) return [];
    const rest = file.slice(baseName.length);
    const [, variant] =
      /^\.([\w-]+)\.safetensors(?:\.index\.json)?$/.exec(rest) ??
      /^\.safetensors\.index\.([\w-]+)\.json$/.exec(rest) ??
      [];
    return variant === undefined || /-\d{5}-of-\d{5}$/.test(variant) ? [] : [{ variant, file }];
  });
}

/** What a folder without usable weights has instead, and what to do. */
function describeFiles(
  files: readonly string[] | undefined,
  baseName: string,
  variants: readonly { file: string }[],
): string {
  if (files === undefined) return 'There is no such folder.';
  if (variants.length > 1) {
    return `There are several variants (${variants.map(({ file }) => file).join(', ')}): leave one of them, or name it ${baseName}.safetensors.`;
  }
  const having = (...endings: string[]) => files.filter((file) => endings.some((ending) => file.endsWith(ending)));
  const [unfinished] = having('.part', '.incomplete');
  if (unfinished !== undefined) return `A download has not ended (${unfinished}): run the same command again.`;
  const [shard] = files.filter((file) => /-\d{5}-of-\d{5}\b.*\.safetensors$/.test(file));
  if (shard !== undefined) return `There are shards (${shard}), but not the index that says which tensor is where.`;
  const safetensors = having('.safetensors');
  if (safetensors.length > 0) {
    return `There is ${safetensors.join(', ')}: if that is this network, name it ${baseName}.safetensors.`;
  }
  const pickles = having('.bin', '.bin.index.json', '.pt', '.pth', '.ckpt');
  if (pickles.length > 0) {
    return (
      `There is only ${pickles.join(', ')}, in PyTorch's own format, which is not read: loading it runs whatever code it ` +
      'holds. Fetch the same weights as .safetensors (kinora model pull), or save them so with diffusers (save_pretrained).'
    );
  }
  return files.length === 0 ? 'The folder is empty.' : `There is ${files.slice(0, 5).join(', ')}.`;
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
    const foreign = foreignFormat(bytes.subarray(0, foreignPrefixBytes));
    if (foreign !== undefined) throw safetensorsError(foreign.name, { path }, foreign.text);
    return decodeUtf8(bytes, path).replace(/^\ufeff/, '');
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
