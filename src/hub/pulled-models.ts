import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cacheOf, snapshotOr } from './find-model.ts';
import { readPullRecord } from './pull-record.ts';

/** Where models are looked for: `HOME` and Hugging Face's variables name the cache. */
export interface PulledModelsOptions {
  environment: Readonly<Record<string, string | undefined>>;
  /** `kinora model pull` puts models into its folder `models`. Default: the process's. */
  workingFolder?: string;
}

const networks = ['image_encoder', 'unet', 'vae'] as const;

/**
 * The models on this machine that somebody fetched: those that `kinora model pull` has completed in `models/`, and the
 * snapshots of Stable Video Diffusion models in Hugging Face's cache. Nothing that cannot be read is listed.
 */
export async function findPulledModels({
  environment,
  workingFolder = process.cwd(),
}: PulledModelsOptions): Promise<string[]> {
  const models: string[] = [];
  for (const folder of await foldersIn(resolve(workingFolder, 'models'))) {
    if (await isPulled(folder)) models.push(folder);
  }
  for (const repository of await foldersIn(cacheOf(environment))) {
    const snapshot = await snapshotOr(repository).catch(() => repository);
    if (snapshot !== repository && (await isVideoModel(snapshot))) models.push(snapshot);
  }
  return models;
}

/** What is still on its way has no record of the file yet. */
async function isPulled(folder: string): Promise<boolean> {
  const record = await readPullRecord(folder).catch(() => undefined);
  const paths = Object.keys(record?.files ?? {});
  const has = (network: string) =>
    paths.some((path) => path.startsWith(`${network}/`) && path.endsWith('.safetensors'));
  return networks.every(has) && (await isVideoModel(folder));
}

async function isVideoModel(folder: string): Promise<boolean> {
  const index = await readFile(join(folder, 'model_index.json'), 'utf8').catch(() => '');
  if (!index.includes('StableVideoDiffusionPipeline')) return false;
  for (const network of networks) {
    const files = await readdir(join(folder, network)).catch(() => []);
    const isThere =
      files.some((file) => file.endsWith('.safetensors')) && !files.some((file) => file.endsWith('.part'));
    if (!isThere) return false;
  }
  return true;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
  return folders.map(({ name }) => join(folder, name)).sort();
}
