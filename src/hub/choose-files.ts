import { DownloadError } from '../errors.ts';
import type { HubRepository, RepositoryFile } from './hub-repository.ts';
import {
  findWeightFiles,
  type NetworkName,
  singleFileName,
  type VariantName,
  type WeightFiles,
} from './weight-files.ts';

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

const sharedFiles = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  'feature_extractor/preprocessor_config.json',
];
/** What a model proposes where diffusers' defaults do not suit it; few have one. */
const proposalsFile = 'kinora.json';
const licenceFile = /^licen[cs]e(\.md|\.txt)?$/i;

/**
 * The files of `repository` that Kinora reads: configs, the licence's text, and the weights of each network once.
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
  for (const { network, weights } of found) addWeights(chosen, repository, { network, weights, variant });
  if (unet !== undefined) addUnet(chosen, repository, variant, unet);
  const extras = [...licencePaths(repository), ...(repository.files.has(proposalsFile) ? [proposalsFile] : [])];
  for (const path of extras) chosen.files.push(pick(repository, path));
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
  const weights = findWeightFiles(repository, 'unet', variant);
  if (file === undefined && weights !== undefined) {
    addWeights(chosen, repository, { network: 'unet', weights, variant });
  } else {
    const bare = pick(repository, file ?? onlyBareFile(repository));
    const isHalf = bare.path.endsWith('.fp16.safetensors');
    chosen.files.push({ ...bare, localPath: singleFileName('unet', isHalf ? 'fp16' : 'fp32') });
  }
  for (const path of licencePaths(repository)) {
    chosen.files.push({ ...pick(repository, path), localPath: `unet/${path}` });
  }
}

/** The UNet of a repository that is no diffusers folder but holds one safetensors file. */
function onlyBareFile(repository: HubRepository): string {
  const bare = [...repository.files.keys()].filter((path) => /^[^/]+\.safetensors$/.test(path));
  const [only, ...others] = bare;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) throw notAModel(repository, [singleFileName('unet', 'fp32')]);
  const list = bare.map((path) => `${repository.repo}:${path}`).join(', ');
  throw new DownloadError('not-a-model', `${repository.repo} holds several UNets; name one after --unet: ${list}.`);
}

function addWeights(
  chosen: ChosenFiles,
  repository: HubRepository,
  { network, weights, variant }: { network: NetworkName; weights: WeightFiles; variant: VariantName },
): void {
  for (const path of weights.paths) chosen.files.push(pick(repository, path));
  if (weights.variant === variant) return;
  chosen.notes.push(`${repository.repo} has ${network} in ${weights.variant} only: taking that.`);
}

function findWeights(repository: HubRepository, network: NetworkName, variant: VariantName): WeightFiles {
  const found = findWeightFiles(repository, network, variant);
  if (found !== undefined) return found;
  const names = [singleFileName(network, 'fp16'), singleFileName(network, 'fp32')];
  throw notAModel(repository, [names.join(' or ')]);
}

function licencePaths(repository: HubRepository): string[] {
  return [...repository.files.keys()].filter((path) => licenceFile.test(path));
}

function pick(repository: HubRepository, path: string): ChosenFile {
  const file = repository.files.get(path);
  if (file === undefined) throw notAModel(repository, [path]);
  return { ...file, repository, localPath: path };
}

function notAModel({ repo }: HubRepository, missing: string[]): DownloadError {
  const message = `${repo} is not a Stable Video Diffusion folder in diffusers layout with safetensors weights: it lacks ${missing.join(', ')}.`;
  return new DownloadError('not-a-model', message);
}

function variantMissing({ repo }: HubRepository, variant: VariantName): DownloadError {
  const other = variant === 'fp16' ? 'fp32' : 'fp16';
  return new DownloadError('variant-missing', `${repo} has no ${variant} weights; take --variant ${other}.`);
}
