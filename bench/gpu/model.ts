import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BenchContext } from './context.ts';
import { weightFile, weightNames } from './make-weights.ts';

const mark = 'random-weights.txt';

/** Writes the configs, and random weights where they are missing; a folder that holds another model is used as it is. */
export async function ensureModel({ modelDir, sizes, tools, tell }: BenchContext): Promise<void> {
  const isOurs = existsSync(join(modelDir, mark));
  if (!isOurs && existsSync(join(modelDir, 'model_index.json'))) return;
  for (const [path, config] of Object.entries(sizes.configs)) {
    const file = join(modelDir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(config));
  }
  writeFileSync(join(modelDir, mark), 'Random weights in half precision, for measuring only.\n');
  const missing = weightNames.filter((name) => !existsSync(weightFile(modelDir, name)));
  if (missing.length === 0) return;
  tell(`making random weights in ${modelDir}`);
  const startedMs = performance.now();
  const made = await Promise.all(
    missing.map((name) => tools.perform<'weights'>({ kind: 'weights', folder: modelDir, name })),
  );
  const gigabytes = made.reduce((sum, { answer }) => sum + answer.bytes, 0) / 1e9;
  tell(`${gigabytes.toFixed(2)} GB in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}
