import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelTarget, networkTarget } from '../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { modelNetworks } from '../../src/inference/pipeline/networks.ts';
import { writeCheckpoint } from '../../test/support/checkpoint.ts';
import { readOperatorRuns } from '../profile/operator-runs.ts';
import { readInputs } from '../side/read-inputs.ts';
import type { NetworkRun, NetworkTask, OperatorTime } from './tasks.ts';
import { writeNoise } from './write-noise.ts';

/**
 * Loads a network as a clip does and calls it. What a UNet needs once in a clip is computed before, and is not counted as a
 * call.
 */
export async function callNetwork(task: NetworkTask): Promise<NetworkRun> {
  const { provider, request, calls, profiled = false } = task;
  const configs = await readModelConfigs(task.modelDir);
  const folder = profiled ? mkdtempSync(join(tmpdir(), 'kinora-bench-')) : undefined;
  const target = modelTarget(task);
  const networksWith = (profilePrefix?: string) =>
    modelNetworks(configs, {
      target: (one) => networkTarget(one, configs, target),
      session: { provider, wholly: provider !== 'cpu', profilePrefix },
      memoryMode: 'model-offload',
    });
  const networks = networksWith();

  if (!existsSync(task.inputs)) writeNoise(task.inputs, configs, request);
  let feeds = await readInputs(task.inputs);
  if (request.network === 'unet-step') {
    const { batch, frames, width, height } = request;
    const conditioning = await networks.open({ network: 'unet-conditioning', batch, frames, width, height });
    feeds = { ...feeds, ...(await conditioning.run(feeds)) };
    await conditioning.release();
  }
  try {
    const session = await (folder === undefined ? networks : networksWith(join(folder, 'profile'))).open(request);
    const readySeconds = performance.now() / 1000;
    const all: number[] = [];
    let made = new Float32Array();
    for (let call = 0; call <= calls; call++) {
      const startedMs = performance.now();
      made = Float32Array.from(Object.values(await session.run(feeds))[0] ?? []);
      all.push((performance.now() - startedMs) / 1000);
    }
    await session.release();
    if (task.outputs !== undefined) {
      writeCheckpoint(task.outputs, { out: { dtype: 'F32', shape: [made.length], values: made } });
    }
    const [firstSeconds = 0, ...seconds] = all;
    const operators = folder && { operators: addUp(folder, calls) };
    return { readySeconds, firstSeconds, seconds, output: look(made), ...operators };
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds of each type of operator in a call, from ONNX Runtime's profile. */
function addUp(folder: string, calls: number): OperatorTime[] {
  const [file = ''] = readdirSync(folder);
  const sums = new Map<string, OperatorTime>();
  for (const { opType, seconds } of readOperatorRuns(readFileSync(join(folder, file), 'utf8'), calls)) {
    const { count, seconds: before } = sums.get(opType) ?? { count: 0, seconds: 0 };
    sums.set(opType, { opType, count: count + 1, seconds: before + seconds / calls });
  }
  return [...sums.values()].toSorted((a, b) => b.seconds - a.seconds);
}

/** A NaN must not hide in a mean. */
function look(values: Float32Array): NetworkRun['output'] {
  let [nonFinite, sum, squares] = [0, 0, 0];
  for (const value of values) {
    if (Number.isFinite(value)) {
      sum += value;
      squares += value * value;
    } else nonFinite++;
  }
  const finite = Math.max(1, values.length - nonFinite);
  const mean = sum / finite;
  return { values: values.length, nonFinite, mean, std: Math.sqrt(Math.max(0, squares / finite - mean * mean)) };
}
