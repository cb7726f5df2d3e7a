/**
 * `npx tsx bench/half-range.ts [--models DIR,unit,default] [--sizes 2x128,1x64] [--threads 1] [--fresh]`: how large everything
 * becomes that the graphs for CUDA compute in float16, against float16's largest number; what their operators add up
 * inside; and how far the networks' outputs move when everything is rounded to float16. In float32 on the CPU, each network
 * at two sizes (frames × pixels of a side), inside operators at the first. `unit` and `default` are full-size networks with
 * random weights, made in out/half-range (4.5 GB each). A network that was traced before is not traced again, unless all is
 * to be `--fresh`. Writes its part of bench/RESULTS.md.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { vaeScaleFactor } from '../src/inference/models/vae-config.ts';
import type { NetworkRequest } from '../src/inference/pipeline/build-network.ts';
import { type ModelConfigs, readModelConfigs } from '../src/inference/pipeline/load-model.ts';
import type { CudaGraph } from '../src/inference/pipeline/types.ts';
import { makeRandomModel } from './half-range/random-model.ts';
import { halfRangeReport, largestValues, type TracedNetwork } from './half-range/report.ts';
import { traceNetwork } from './half-range/trace-network.ts';
import { writePart } from './report/keep-parts.ts';

const tiny = ['tiny-a', 'tiny-b'].map((name) => `test/golden/models/${name}`);
const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: ['models/demo', ...tiny, 'unit', 'default'].join() },
    sizes: { type: 'string', default: '2x128,1x64' },
    threads: { type: 'string', default: '1' },
    fresh: { type: 'boolean', default: false },
  },
});
const sizes = options.sizes.split(',').map((size) => size.split('x').map(Number) as [frames: number, pixels: number]);
const threads = Number(options.threads);

/** What was traced, kept so that the bench can be stopped and gone on with. */
const keptFile = 'out/half-range/traces.json';
mkdirSync('out/half-range', { recursive: true });
if (options.fresh) rmSync(keptFile, { force: true });
const traced: TracedNetwork[] = existsSync(keptFile) ? JSON.parse(readFileSync(keptFile, 'utf8')) : [];
const keyOf = ({ model, network, cudaGraph, frames, pixels }: Omit<TracedNetwork, 'magnitudes'>) =>
  [model, network, cudaGraph, frames, pixels].join();

/** Whether the last of a model's networks was traced, at the last size and in the last form. */
const isWhole = (model: 'unit' | 'default') =>
  traced.some(
    (one) =>
      one.model === model &&
      one.network === 'unet-step' &&
      one.cudaGraph === (model === 'default' ? 'channels-last' : 'plain') &&
      [one.frames, one.pixels].join() === sizes.at(-1)?.join(),
  );

for (const model of options.models.split(',')) {
  const isRandom = model === 'unit' || model === 'default';
  const folder = isRandom ? `out/half-range/${model}` : model;
  if (isRandom && isWhole(model)) continue;
  if (isRandom) await makeRandomModel(folder, model);
  const configs = await readModelConfigs(folder);
  await traceModel(model, configs, { cudaGraph: 'channels-last', sizes });
  // The plain form computes the same numbers, so that one size of it is enough, and one kind of random weights.
  if (model !== 'default') await traceModel(model, configs, { cudaGraph: 'plain', sizes: sizes.slice(-1) });
}
const markdown = halfRangeReport(traced, { arguments: process.argv.slice(2), sizes });
writePart('half-range', markdown);
process.stdout.write(`${markdown}\n\n${largestValues(traced, sizes)}\n`);

async function traceModel(
  model: string,
  configs: ModelConfigs,
  { cudaGraph, sizes: all }: { cudaGraph: CudaGraph; sizes: typeof sizes },
): Promise<void> {
  for (const [index, [frames, pixels]] of all.entries()) {
    const side = pixels / vaeScaleFactor(configs.vae);
    const latents = { frames, width: side, height: side };
    const requests: NetworkRequest[] = [
      { network: 'vae-encoder', width: pixels, height: pixels },
      { network: 'vae-decoder', ...latents },
      { network: 'unet-conditioning', batch: 1, ...latents },
      { network: 'unet-step', batch: 1, ...latents },
      // Its pictures have one size, and it has no channels to lie last.
      ...(index === 0 && cudaGraph === 'channels-last' ? [{ network: 'image-encoder' } as const] : []),
    ];
    // What is computed once per clip is needed for a step.
    let given: Record<string, Float32Array> | undefined;
    for (const request of requests) {
      const place = { model: basename(model), network: request.network, cudaGraph, frames, pixels };
      const isKnown = traced.some((one) => keyOf(one) === keyOf(place));
      if (isKnown && request.network !== 'unet-conditioning') continue;
      const startedMs = performance.now();
      const inside = index === 0 && all.length > 1;
      const { outputs, ...trace } = await traceNetwork(configs, request, { cudaGraph, threads, inside, given });
      if (request.network === 'unet-conditioning') given = outputs;
      if (isKnown) continue;
      traced.push({ ...place, ...trace });
      writeFileSync(keptFile, JSON.stringify(traced));
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      process.stderr.write(`${model} ${request.network} ${cudaGraph} ${frames}×${pixels}²: ${seconds} s\n`);
    }
  }
}
