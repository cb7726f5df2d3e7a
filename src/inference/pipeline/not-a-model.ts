import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePythonJson } from '../models/parse-config.ts';

/** The parts of a model folder in diffusers' layout. */
const partNames = ['unet', 'vae', 'image_encoder', 'scheduler', 'feature_extractor'];

/**
 * What a folder without model_index.json is instead of a model folder, and what to do; undefined where it is one but for
 * that file.
 */
export async function explainNotAModel(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const names = entries.map(({ name }) => name).sort();
  if (partNames.some((name) => names.includes(name))) return undefined;
  const wanted = 'a model folder has model_index.json, unet/, vae/, image_encoder/, scheduler/ and feature_extractor/';
  if (names.length === 0) return `${folder} is empty; ${wanted}. kinora model pull fetches one.`;

  const className = names.includes('config.json') ? await classNameIn(join(folder, 'config.json')) : undefined;
  if (className !== undefined) {
    return `${folder} is one part of a model (config.json is of ${className}): name the folder above it, which has model_index.json.`;
  }
  const models: string[] = [];
  for (const name of names.slice(0, 100)) {
    if ((await classNameIn(join(folder, name, 'model_index.json'))) !== undefined) models.push(name);
  }
  if (models.length > 0) return `${folder} is no model folder but holds some: name one of ${models.join(', ')}.`;

  const having = (...endings: string[]) => names.filter((name) => endings.some((ending) => name.endsWith(ending)));
  const [single, ...more] = having('.safetensors');
  if (single !== undefined) {
    const which = more.length === 0 ? join(folder, single) : `one of ${[single, ...more].join(', ')}`;
    return `${folder} has no model_index.json. To run a single-file checkpoint, name the file itself: ${which}.`;
  }
  const pickles = having('.ckpt', '.pt', '.pth', '.bin');
  if (pickles.length > 0) {
    return `${folder} has only ${pickles.join(', ')}, in PyTorch's own format, which is not read: loading it runs whatever code it holds. Fetch the .safetensors file.`;
  }
  return `${folder} has no model_index.json, but ${names.slice(0, 5).join(', ')}; ${wanted}.`;
}

/** The class that a config names; undefined where there is no such config. */
async function classNameIn(path: string): Promise<string | undefined> {
  try {
    const json = parsePythonJson(await readFile(path, 'utf8'));
    if (typeof json !== 'object' || json === null) return undefined;
    if ('_class_name' in json && typeof json._class_name === 'string') return json._class_name;
    if ('architectures' in json && Array.isArray(json.architectures)) return String(json.architectures[0]);
    return undefined;
  } catch {
    return undefined;
  }
}
