/**
 * `npx tsx bench/deep-cache.ts [--model models/demo] [--pictures 10] [--steps 8] [--every 2,3] [--threads 2]`: what
 * `--deep-cache-interval` gains in the denoising loop, and how far its clips are from those of the full run. Prints a table.
 */
import { parseArgs } from 'node:util';
import { measureDeepCache } from './deep-cache/measure.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/demo' },
    pictures: { type: 'string', default: '10' },
    steps: { type: 'string', default: '8' },
    every: { type: 'string', default: '2,3' },
    threads: { type: 'string', default: '2' },
  },
});
const table = await measureDeepCache({
  modelDir: values.model,
  pictures: Number(values.pictures),
  steps: Number(values.steps),
  everies: values.every.split(',').map(Number),
  threads: Number(values.threads),
});
process.stdout.write(`${table}\n`);
