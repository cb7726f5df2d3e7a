import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { svdXtConfigs, writeSvdXtConfigs } from '../../test/support/svd-xt-configs.ts';
import { runPython } from '../side/run-side.ts';

const script = join(dirname(fileURLToPath(import.meta.url)), 'make_weights.py');

/** JSON has no 1.0 that JavaScript would write, and transformers takes no 1 for it: its defaults are the same. */
const { attention_dropout, initializer_factor, ...imageEncoder } = svdXtConfigs['image_encoder/config.json'] ?? {};

/**
 * Makes a model folder with the configs of SVD XT 1.1 and random weights (13.5 GB: float32 and half precision beside
 * each other). A folder that holds a model already is used as it is.
 */
export async function makeModel(folder: string): Promise<void> {
  const mark = join(folder, 'random-weights.txt');
  const isOurs = existsSync(mark);
  if (isOurs ? readFileSync(mark, 'utf8') === finished : existsSync(join(folder, 'model_index.json'))) return;
  writeSvdXtConfigs(folder, { 'image_encoder/config.json': imageEncoder });
  writeFileSync(mark, 'Unfinished.\n');
  await runPython([script, folder]);
  writeFileSync(mark, finished);
}

const finished = 'Random weights of full size, for measuring only.\n';
