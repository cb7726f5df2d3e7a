/**
 * `npm run bench -- [--sections networks,start,clip,…] [--model DIR] [--rounds 3] [--threads 2] [--cases unet-1,…] [--part NAME]`:
 * measures Kinora beside diffusers and OpenVINO and writes bench/RESULTS.md. See bench/README.md.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeModel } from './full-size/make-model.ts';
import { writeNetworksPart, writeReport } from './report/write-report.ts';
import { measureClip } from './sections/clip.ts';
import { measureDeepCaching } from './sections/deep-cache.ts';
import { measureGrowth } from './sections/growth.ts';
import { measureMemory } from './sections/memory.ts';
import { measureNetworks } from './sections/networks.ts';
import { measureProfiles } from './sections/profiles.ts';
import { type BenchOptions, tell } from './sections/section.ts';
import { measureStart } from './sections/start.ts';

const sections: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  networks: measureNetworks,
  start: measureStart,
  clip: measureClip,
  memory: measureMemory,
  growth: measureGrowth,
  profiles: measureProfiles,
  'deep-cache': measureDeepCaching,
};

const { values } = parseArgs({
  options: {
    sections: { type: 'string', default: Object.keys(sections).join(',') },
    model: { type: 'string', default: join('out', 'bench-model') },
    work: { type: 'string', default: join('out', 'bench') },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    cases: { type: 'string' },
    part: { type: 'string' },
  },
});
const options: BenchOptions = {
  modelDir: resolve(values.model),
  workDir: resolve(values.work),
  rounds: Number(values.rounds),
  threads: Number(values.threads),
  cases: values.cases?.split(','),
};
await makeModel(options.modelDir);
for (const name of values.sections.split(',').filter((word) => word !== '')) {
  const measure = sections[name];
  if (measure === undefined)
    throw new Error(`There is no section ${name}; there are ${Object.keys(sections).join(', ')}.`);
  tell(`section ${name}`);
  await measure(options);
  report();
}
report();

/** With `--part NAME` only a part of that name is written: the rest of the report is of another machine. */
function report(): void {
  if (values.part === undefined) writeReport(options.workDir, options.threads);
  else writeNetworksPart(values.part, options.workDir, options.threads);
}
