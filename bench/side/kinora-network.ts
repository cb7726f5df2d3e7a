import { compileGraph } from '../../src/inference/graph/compile-graph.ts';
import { buildNetwork, type NetworkRequest } from '../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { openSession } from '../../src/inference/runtime/session.ts';
import { type NetworkName, networkRequest } from './network-requests.ts';
import { readInputs } from './read-inputs.ts';
import type { Made, NetworkTask, SideTimes } from './tasks.ts';

/** Loads a network as a clip would and calls it; what runs once per clip is run before, and not counted as a call. */
export async function runKinoraNetwork(task: NetworkTask): Promise<{ made: Made; times: SideTimes }> {
  const configs = await readModelConfigs(task.modelDir);
  const inputs = await readInputs(task.inputs);

  async function open(network: NetworkName) {
    const request: NetworkRequest = networkRequest(network, task);
    const graph = await buildNetwork(configs, request, { provider: 'cpu', precision: 'float32' });
    const model = compileGraph(graph);
    const session = await openSession(model, {
      provider: 'cpu',
      threads: task.threads,
      mapped: task.mapped === true,
    });
    return { model, session };
  }

  let feeds = inputs;
  if (task.network === 'unet') {
    const { session } = await open('unet-conditioning');
    feeds = { ...inputs, ...(await session.run(inputs)) };
    await session.release();
  }
  const { model, session } = await open(task.network === 'unet' ? 'unet-step' : task.network);
  const times: SideTimes = { readySeconds: performance.now() / 1000, seconds: [] };
  let made: Made = {};
  for (let run = 0; run < task.runs; run++) {
    const startedMs = performance.now();
    const results = await session.run(feeds);
    times.seconds.push((performance.now() - startedMs) / 1000);
    const [output] = model.outputs;
    const data = results[output?.name ?? ''];
    if (output === undefined || data === undefined) throw new Error(`${model.name} gave nothing.`);
    made = { out: { shape: output.shape, data } };
  }
  await session.release();
  return { made, times };
}
