import type { HubRepository } from './hub-repository.ts';

export const variantNames = ['fp16', 'fp32'] as const;
export type VariantName = (typeof variantNames)[number];

/** The networks of a diffusers Stable Video Diffusion folder, by folder, and what diffusers calls their weights. */
const weightStems = {
  unet: 'diffusion_pytorch_model',
  vae: 'diffusion_pytorch_model',
  image_encoder: 'model',
} as const;
export type NetworkName = keyof typeof weightStems;

/** Safetensors files that together hold one network. */
export interface WeightFiles {
  variant: VariantName;
  /** One file, or an index and its shards. */
  paths: string[];
}

/** A network's weights in a repository: of the variant that is asked for, or else of the other. */
export function findWeightFiles(
  { files }: Pick<HubRepository, 'files'>,
  network: NetworkName,
  variant: VariantName,
): WeightFiles | undefined {
  const others = variantNames.filter((name) => name !== variant);
  for (const each of [variant, ...others]) {
    const paths = singleFile(files, network, each) ?? shardedFiles(files, network, each);
    if (paths !== undefined) return { variant: each, paths };
  }
  return undefined;
}

/** The one file's name, as diffusers and transformers write it. */
export function singleFileName(network: NetworkName, variant: VariantName): string {
  return `${network}/${weightStems[network]}${variant === 'fp16' ? '.fp16' : ''}.safetensors`;
}

type Files = HubRepository['files'];

function singleFile(files: Files, network: NetworkName, variant: VariantName): string[] | undefined {
  const path = singleFileName(network, variant);
  return files.has(path) ? [path] : undefined;
}

/** An index with every one of its shards; diffusers has moved the variant about in their names. */
function shardedFiles(files: Files, network: NetworkName, variant: VariantName): string[] | undefined {
  const base = `${network}/${weightStems[network]}`;
  const isHalf = variant === 'fp16';
  const indexes = isHalf
    ? [`${base}.safetensors.index.fp16.json`, `${base}.fp16.safetensors.index.json`]
    : [`${base}.safetensors.index.json`];
  const index = indexes.find((path) => files.has(path));
  if (index === undefined) return undefined;
  const names = isHalf
    ? /^(?:\.fp16-(\d{5})-of-(\d{5})|-(\d{5})-of-(\d{5})\.fp16)\.safetensors$/
    : /^-(\d{5})-of-(\d{5})\.safetensors$/;
  const shards = [...files.keys()].filter((path) => path.startsWith(base) && names.test(path.slice(base.length)));
  const counts = new Set(shards.map((path) => Number(/-of-(\d{5})/.exec(path)?.[1])));
  const isWhole = counts.size === 1 && counts.has(shards.length);
  return isWhole ? [index, ...shards.sort()] : undefined;
}
