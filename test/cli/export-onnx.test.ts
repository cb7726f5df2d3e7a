import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { compileGraph } from '../../src/inference/graph/compile-graph.ts';
import { channelsLastDomain } from '../../src/inference/onnx/types.ts';
import { buildNetwork, clipRequests, networkTarget } from '../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../../src/inference/pipeline/model-info.ts';
import { openSession } from '../../src/inference/runtime/session.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { goldenPath } from '../support/golden.ts';
import { tempFolder } from '../support/temp-folder.ts';

const shape = ['--width', '24', '--height', '24', '--frames', '2'];
const files = [
  'image_encoder/model.onnx',
  'vae/encoder.onnx',
  'unet/conditioning.onnx',
  'unet/step.onnx',
  'vae/decoder.onnx',
];

async function kinoraExport(...argv: string[]) {
  const io = createMemoryIo({ environment: {} });
  const exitCode = await runCli(['export', 'onnx', ...argv], io);
  return { exitCode, out: io.out(), err: io.err() };
}

/** A copy on the disk of the temporary folder, where hard links are possible. */
function modelCopy(): string {
  const folder = join(tempFolder(), 'model');
  cpSync(goldenPath('models/tiny-a'), folder, { recursive: true });
  return folder;
}

/** A network's inputs, and what Kinora's own session makes of them. */
interface OwnRun {
  inputs: { name: string; axes: readonly number[]; values: Float32Array }[];
  wanted: Record<string, Float32Array>;
}

/** Of all networks of the model that is exported here, wherever its folder is. */
let ownRuns: OwnRun[];
beforeAll(async () => {
  ownRuns = [];
  const configs = await readModelConfigs(goldenPath('models/tiny-a'));
  const settings = { ...modelInfo(configs).defaults, width: 24, height: 24, numFrames: 2, decodeChunkSize: 2 };
  for (const [at, request] of clipRequests(configs, settings).entries()) {
    const target = networkTarget(request, configs, { provider: 'cpu', precision: 'float32' });
    const graph = await buildNetwork(configs, request, target);
    const inputs = graph.inputs.map(({ name, shape: axes }) => {
      const values = new Float32Array(axes.reduce((product, axis) => product * axis, 1));
      return { name, axes, values: values.map((_, index) => Math.sin(index + at)) };
    });
    const own = await openSession(compileGraph(graph), { provider: 'cpu' });
    const wanted = await own.run(Object.fromEntries(inputs.map(({ name, values }) => [name, values])));
    await own.release();
    ownRuns.push({ inputs, wanted });
  }
});

/** What Kinora's own sessions and the exported files make of the same numbers, as the largest difference. */
async function largestDifference(out: string): Promise<number> {
  let largest = 0;
  for (const [at, { inputs, wanted }] of ownRuns.entries()) {
    const session = await InferenceSession.create(join(out, files[at]!));
    const feeds = inputs.map(({ name, axes, values }) => [name, new Tensor('float32', values, axes)] as const);
    const results = await session.run(Object.fromEntries(feeds));
    await session.release();
    expect(session.outputNames).toEqual(Object.keys(wanted));
    for (const [name, values] of Object.entries(wanted)) {
      const found = results[name]!.data as Float32Array;
      expect(found.length).toBe(values.length);
      for (const [index, value] of values.entries()) largest = Math.max(largest, Math.abs(value - found[index]!));
    }
  }
  return largest;
}

it('writes networks that compute what Kinora computes, pointing into the weights, which are linked and not copied', async () => {
  const model = modelCopy();
  const out = join(tempFolder(), 'export');
  const { exitCode, out: told, err } = await kinoraExport('--model', model, '--out', out, ...shape);
  expect(err).toBe('');
  expect(exitCode).toBe(0);
  for (const file of files) expect(told).toContain(join(out, file));
  expect(await largestDifference(out)).toBe(0);
  const weights = readdirSync(join(out, 'vae')).filter((name) => name.endsWith('.safetensors'));
  expect(weights.length).toBeGreaterThan(0);
  for (const name of weights) {
    expect(statSync(join(out, 'vae', name)).ino).toBe(statSync(join(model, 'vae', name)).ino);
  }
  const page = readFileSync(join(out, 'ONNX.md'), 'utf8');
  expect(page).toContain('2 frames of 24×24, with guidance: the batch is without condition, then with it');
  expect(page).toContain('| input | `timestep` | 2 |');

  // Again in the same place: what is linked already stays.
  expect((await kinoraExport('--model', model, '--out', out, '--guidance-batch', 'split', ...shape)).exitCode).toBe(0);
  expect(readFileSync(join(out, 'ONNX.md'), 'utf8')).toContain('| input | `timestep` | 1 |');

  // For CUDA they are of a domain that other programs lack.
  expect(page).not.toContain(channelsLastDomain);
  expect((await kinoraExport('--model', model, '--out', out, '--provider', 'cuda', ...shape)).exitCode).toBe(0);
  expect(readFileSync(join(out, 'ONNX.md'), 'utf8')).toContain(`${channelsLastDomain} 21`);
});

it('writes networks that carry their weights, which then need nothing of the model', async () => {
  const out = join(tempFolder(), 'export');
  const model = goldenPath('models/tiny-a');
  expect((await kinoraExport('--model', model, '--out', out, '--self-contained', ...shape)).exitCode).toBe(0);
  expect(readdirSync(join(out, 'unet')).sort()).toEqual([
    'conditioning.onnx',
    'conditioning.onnx.data',
    'step.onnx',
    'step.onnx.data',
  ]);
  expect(await largestDifference(out)).toBe(0);
});

it("writes into the model's own folder, leaves its files as they are and makes no links", async () => {
  const model = modelCopy();
  writeFileSync(join(model, 'README.md'), 'of the model');
  const before = readdirSync(join(model, 'unet'));
  expect((await kinoraExport('--model', model, '--out', model, ...shape)).exitCode).toBe(0);
  expect(readdirSync(join(model, 'unet')).sort()).toEqual([...before, 'conditioning.onnx', 'step.onnx'].sort());
  expect(readFileSync(join(model, 'README.md'), 'utf8')).toBe('of the model');
  expect(await largestDifference(model)).toBe(0);
});

it('says what to do where another file has the name of the weights', async () => {
  const model = modelCopy();
  const out = join(tempFolder(), 'export');
  cpSync(join(model, 'image_encoder'), join(out, 'image_encoder'), { recursive: true });
  const { exitCode, err } = await kinoraExport('--model', model, '--out', out, ...shape);
  expect(exitCode).toBe(1);
  expect(err).toContain('another file of that name is there. Use --self-contained, which copies the weights.');
  expect(existsSync(join(out, 'ONNX.md'))).toBe(false);
});

it.each([
  [[], 'where to? --out DIR names a folder.'],
  [['--out', 'out/x', '--provider', 'auto'], '--provider must be one of cpu, cuda, webgpu, not "auto".'],
])('refuses wrong usage: %j', async (argv, message) => {
  const { exitCode, err } = await kinoraExport(...argv);
  expect(exitCode).toBe(2);
  expect(err).toContain(message);
});
