import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Precision } from '../src/inference/graph/graph-builder.ts';
import { readModelConfigs } from '../src/inference/pipeline/load-model.ts';
import type { Placed, PlaceOrder } from '../test/support/cuda-stub/place.ts';
import { buildCudaStub, bundleIntoStub, whyNoCudaStub } from '../test/support/cuda-stub.ts';
import { checkpointFiles, tensorsOf } from '../test/support/sparse-model.ts';
import { writeSvdXtConfigs } from '../test/support/svd-xt-configs.ts';
import { writeWeights } from './cuda-placement/write-weights.ts';

// `npx tsx bench/cuda-placement.ts [NETWORK …]`: SVD XT's networks at full size (25 frames of 1024×576, random weights) on
// ONNX Runtime's own CUDA provider, with a card that computes nothing (test/support/cuda-stub.ts): whether every node is
// placed on CUDA and taken by its kernel when it runs, how long the session takes to make, and how much of the card's
// memory ONNX Runtime asks for, beside what Kinora reckons. It takes 6 GB of disk in the temporary folder.

const why = whyNoCudaStub(process.env);
if (why !== undefined) throw new Error(`The CUDA provider cannot be run here: ${why}.`);

const networksOf = {
  image_encoder: ['image-encoder'],
  vae: ['vae-encoder', 'vae-decoder'],
  unet: ['unet-conditioning', 'unet-step'],
} as const;
const checkpoints = Object.keys(networksOf) as (keyof typeof networksOf)[];
const wanted = process.argv.slice(2);

/** Frames that the decoder takes together; 14 are the most that CUDA's kernels count the elements of. */
const chunks = [1, 4, 7, 9, 13, 14];

const folder = resolve('out', `cuda-placement-${process.pid}`);
const modelDir = mkdtempSync(join(tmpdir(), 'kinora-placement-'));
try {
  const stub = buildCudaStub(folder, process.env);
  const [program = ''] = await bundleIntoStub(stub, ['test/support/cuda-stub/place.ts']);
  writeSvdXtConfigs(modelDir);
  const configs = await readModelConfigs(modelDir);
  const heading = ['network', 'form', 'precision', 'nodes', 'on CUDA, and run', 'made in', 'weights', 'activations'];
  console.log(`| ${heading.join(' | ')} | reckoned | factor |\n|${' --- |'.repeat(heading.length + 2)}`);
  for (const checkpoint of checkpoints) {
    const networks = networksOf[checkpoint].filter((network) => wanted.length === 0 || wanted.includes(network));
    if (networks.length === 0) continue;
    for (const precision of ['float16', 'float32'] as const) {
      const path = join(modelDir, checkpoint, checkpointFiles[checkpoint]);
      writeWeights(path, tensorsOf(configs, checkpoint), precision);
      for (const network of networks) tryNetwork({ network, precision, program, libraries: stub.libraries });
      rmSync(path);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(modelDir, { recursive: true, force: true });
}

/** What a few lines are made of. */
interface Trial {
  network: Placed['network'];
  precision: Precision;
  program: string;
  libraries: string;
}

function tryNetwork({ network, precision, program, libraries }: Trial): void {
  for (const cudaGraph of ['channels-last', 'plain'] as const) {
    const base = { modelDir, precisions: [precision], cudaGraphs: [cudaGraph], networks: [network], isRun: true };
    for (const { name, order } of ordersOf(network, { ...base, settings: {} })) {
      const file = join(folder, 'orders.json');
      const journal = join(folder, 'journal');
      rmSync(journal, { force: true });
      writeFileSync(file, JSON.stringify([order]));
      const card = { CUDA_STUB_JOURNAL: journal, CUDA_STUB_MEMORY: String(2 ** 40) };
      const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries, ...card };
      const { stdout, stderr } = spawnSync(process.execPath, [program, file], {
        env,
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
      const [line = ''] = stdout.split('\n');
      if (line === '') throw new Error(stderr);
      console.log(`| ${[name, ...describe(JSON.parse(line) as Placed)].join(' | ')} |`);
    }
  }
}

function describe({ cudaGraph, precision, nodes, seconds, ...seen }: Placed): (string | number)[] {
  const { error, loadedBytes = 0, peakBytes = 0, activationBytes } = seen;
  const form = [cudaGraph, precision, nodes];
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  if (error !== undefined) return [...form, error.slice(0, 300), '', '', '', gigabytes(activationBytes), ''];
  const activations = peakBytes - loadedBytes;
  const bytes = [loadedBytes, activations, activationBytes].map(gigabytes);
  return [...form, 'all', `${seconds.toFixed(1)} s`, ...bytes, (activations / activationBytes).toFixed(2)];
}

/** One network in the sizes that differ for it. */
function ordersOf(network: Placed['network'], base: PlaceOrder): { name: string; order: PlaceOrder }[] {
  switch (network) {
    case 'unet-step':
      return (['batched', 'split'] as const).map((guidanceBatch) => ({
        name: `${network}, ${guidanceBatch}`,
        order: { ...base, guidanceBatch },
      }));
    case 'vae-decoder':
      return chunks.map((decodeChunkSize) => ({
        name: `${network}, ${decodeChunkSize} frames`,
        order: { ...base, settings: { decodeChunkSize } },
      }));
    default:
      return [{ name: network, order: base }];
  }
}
