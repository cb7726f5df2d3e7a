import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BenchContext } from './context.ts';
import { weightNames } from './make-weights.ts';

const markName = 'random-weights.txt';

/**
 * Writes the configs and random weights, unless they are there; a folder that holds a model of somebody else's is used as it is.
 * @throws Error weights could not be written
 */
export async function ensureModel({ modelDir, sizes, tools, tell }: BenchContext): Promise<void> {
  const mark = join(modelDir, markName);
  const configs = createHash('sha256').update(JSON.stringify(sizes.configs)).digest('hex');
  const finished = `Random weights in half precision, for measuring only. Of configs ${configs}.\n`;
  const isOurs = existsSync(mark);
  if (isOurs ? readFileSync(mark, 'utf8') === finished : existsSync(join(modelDir, 'model_index.json'))) return;
  mkdirSync(modelDir, { recursive: true });
  writeFileSync(mark, 'Unfinished.\n');
  for (const [path, config] of Object.entries(sizes.configs)) {
    const file = join(modelDir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(config));
  }
  tell(`making random weights in ${modelDir}`);
  const startedMs = performance.now();
  const made = await Promise.all(
    weightNames.map((name) => tools.perform<'weights'>({ kind: 'weights', folder: modelDir, name })),
  );
  writeFileSync(mark, finished);
  const gigabytes = made.reduce((sum, { answer }) => sum + answer.bytes, 0) / 1e9;
  tell(`${gigabytes.toFixed(2)} GB in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}
