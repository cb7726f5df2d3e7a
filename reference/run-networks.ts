/**
 * Runs each network of a small clip as Kinora runs it, on inputs that are read from files, for `check_export.py`.
 *
 * Run: npx tsx reference/run-networks.ts MODEL WIDTH HEIGHT FRAMES FOLDER
 * FOLDER holds `<network>.<input>.f32`, raw float32; `<network>.<output>.f32` is written beside them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileGraph } from '../src/inference/graph/compile-graph.ts';
import { buildNetwork, clipRequests, networkTarget } from '../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../src/inference/pipeline/model-info.ts';
import { openSession } from '../src/inference/runtime/session.ts';

const [model = '', width, height, frames, folder = ''] = process.argv.slice(2);
const configs = await readModelConfigs(model);
const shape = { width: Number(width), height: Number(height), numFrames: Number(frames) };
const settings = { ...modelInfo(configs).defaults, ...shape, decodeChunkSize: shape.numFrames };

for (const request of clipRequests(configs, settings)) {
  const target = networkTarget(request, configs, { provider: 'cpu', precision: 'float32' });
  const graph = await buildNetwork(configs, request, target);
  const fileOf = (value: string) => join(folder, `${request.network}.${value}.f32`);
  const inputs = graph.inputs.map(({ name }) => {
    const bytes = Uint8Array.from(readFileSync(fileOf(name)));
    return [name, new Float32Array(bytes.buffer)] as const;
  });
  const session = await openSession(compileGraph(graph), { provider: 'cpu' });
  const outputs = await session.run(Object.fromEntries(inputs));
  await session.release();
  for (const [name, values] of Object.entries(outputs)) writeFileSync(fileOf(name), values);
}
