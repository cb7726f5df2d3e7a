import { DownloadError } from '../errors.ts';
import type { HubRepository, RepositoryFile } from './hub-repository.ts';

export const variantNames = ['fp16', 'fp32'] as const;
export type VariantName = (typeof variantNames)[number];

/** A file to fetch: where it lies in the repository and where it goes in the model folder. */
export interface ChosenFile extends RepositoryFile {
  repository: HubRepository;
  /** Relative to the model folder, with `/`; one of a few fixed names, whatever the repository lists. */
  localPath: string;
}

export interface ChosenFiles {
  files: ChosenFile[];
  /** Sentences about what had to be taken instead of what was asked for. */
  notes: string[];
}

/** The networks of a diffusers Stable Video Diffusion folder, by folder, and what diffusers calls their weights. */
export const weightStems = {
  unet: 'diffusion_pytorch_model',
  vae: 'diffusion_pytorch_model',
  image_encoder: 'model',
} as const;
export type NetworkName = keyof typeof weightStems;

const sharedFiles = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  'feature_extractor/preprocessor_config.json',
];
const licenceFile = /^licen[cs]e(\.md|\.txt)?$/i;

/**
 * The files of `repository` that Kinora reads: configs, the licence's text, and one safetensors file per network.
 * With `unet`, the UNet comes from there: `unet.file` names its weights where the repository is no diffusers folder.
 * @throws DownloadError `not-a-model` files are missing; `variant-missing` no network has such weights
 */
export function chooseFiles(
  repository: HubRepository,
  variant: VariantName,
  unet?: { repository: HubRepository; file: string | undefined },
): ChosenFiles {
  const chosen: ChosenFiles = { files: [], notes: [] };
  const networks: NetworkName[] = unet === undefined ? ['unet', 'vae', 'image_encoder'] : ['vae', 'image_encoder'];
  const configs = networks.map((network) => `${network}/config.json`);
  const missing = [...sharedFiles, ...configs].filter((path) => !repository.files.has(path));
  if (missing.length > 0) throw notAModel(repository, missing);
  for (const path of [...sharedFiles, ...configs]) chosen.files.push(pick(repository, path));

  const found = networks.map((network) => ({ network, weights: findWeights(repository, network, variant) }));
  if (found.every(({ weights }) => weights.variant !== variant)) throw variantMissing(repository, variant);
  for (const { network, weights } of found) {
    chosen.files.push(pick(repository, weights.path));
    if (weights.variant !== variant) chosen.notes.push(otherVariant(repository, network, weights.variant));
  }
  if (unet !== undefined) addUnet(chosen, repository, variant, unet);
  for (const path of licencePaths(repository)) chosen.files.push(pick(repository, path));
  return chosen;
}

function addUnet(
  chosen: ChosenFiles,
  base: HubRepository,
  variant: VariantName,
  { repository, file }: { repository: HubRepository; file: string | undefined },
): void {
  const configFrom = repository.files.has('unet/config.json') ? repository : base;
  if (!configFrom.files.has('unet/config.json')) throw notAModel(base, ['unet/config.json']);
  chosen.files.push(pick(configFrom, 'unet/config.json'));
  const weights = pick(repository, file ?? findUnetWeights(repository, variant, chosen.notes));
  const isHalf = weights.path.endsWith('.fp16.safetensors');
  weights.localPath = `unet/${weightStems.unet}${isHalf ? '.fp16' : ''}.safetensors`;
  chosen.files.push(weights);
  for (const path of licencePaths(repository)) {
    chosen.files.push({ ...pick(repository, path), localPath: `unet/${path}` });
  }
}

/** The UNet's weights in a repository that may be a diffusers folder, a UNet's own folder, or one bare file. */
function findUnetWeights(repository: HubRepository, variant: VariantName, notes: string[]): string {
  const inFolder = weightPaths('unet', variant).find(({ path }) => repository.files.has(path));
  if (inFolder !== undefined) {
    if (inFolder.variant !== variant) notes.push(otherVariant(repository, 'unet', inFolder.variant));
    return inFolder.path;
  }
  const bare = [...repository.files.keys()].filter((path) => /^[^/]+\.safetensors$/.test(path));
  const [only, ...others] = bare;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) throw notAModel(repository, [`unet/${weightStems.unet}.safetensors`]);
  const list = bare.map((path) => `${repository.repo}:${path}`).join(', ');
  throw new DownloadError('not-a-model', `${repository.repo} holds several UNets; name one after --unet: ${list}.`);
}

function findWeights(repository: HubRepository, network: NetworkName, variant: VariantName) {
  const candidates = weightPaths(network, variant);
  const found = candidates.find(({ path }) => repository.files.has(path));
  if (found === undefined) throw notAModel(repository, [candidates.map(({ path }) => path).join(' or ')]);
  return found;
}

/** A network's possible weight files, the asked-for variant first. */
function weightPaths(network: NetworkName, variant: VariantName): { path: string; variant: VariantName }[] {
  const both = [
    { path: `${network}/${weightStems[network]}.fp16.safetensors`, variant: 'fp16' as const },
    { path: `${network}/${weightStems[network]}.safetensors`, variant: 'fp32' as const },
  ];
  return variant === 'fp16' ? both : both.reverse();
}

function licencePaths(repository: HubRepository): string[] {
  return [...repository.files.keys()].filter((path) => licenceFile.test(path));
}

function pick(repository: HubRepository, path: string): ChosenFile {
  const file = repository.files.get(path);
  if (file === undefined) throw notAModel(repository, [path]);
  return { ...file, repository, localPath: path };
}

function otherVariant({ repo }: HubRepository, network: NetworkName, taken: VariantName): string {
  return `${repo} has no other weights for ${network} than ${taken}: taking those.`;
}

function notAModel({ repo }: HubRepository, missing: string[]): DownloadError {
  const message = `${repo} is not a Stable Video Diffusion folder in diffusers layout with safetensors weights: it lacks ${missing.join(', ')}.`;
  return new DownloadError('not-a-model', message);
}

function variantMissing({ repo }: HubRepository, variant: VariantName): DownloadError {
  const other = variant === 'fp16' ? 'fp32' : 'fp16';
  return new DownloadError('variant-missing', `${repo} has no ${variant} weights; take --variant ${other}.`);
}
