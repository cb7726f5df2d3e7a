import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { modelNetworks } from '../../src/inference/pipeline/networks.ts';
import { type NetworkName, networkRequest } from './network-requests.ts';
import { readInputs } from './read-inputs.ts';
import type { Made, NetworkTask, SideTimes } from './tasks.ts';

/** Loads a network as a clip would and calls it; what runs once per clip is run before, and not counted as a call. */
export async function runKinoraNetwork(task: NetworkTask): Promise<{ made: Made; times: SideTimes }> {
  const configs = await readModelConfigs(task.modelDir);
  const inputs = await readInputs(task.inputs);

  const networks = modelNetworks(configs, {
    target: () => ({ provider: 'cpu', precision: 'float32' }),
    session: { provider: 'cpu', threads: task.threads, mapped: task.mapped === true },
    memoryMode: 'model-offload',
  });
  const open = (network: NetworkName) => networks.open(networkRequest(network, task));

  let feeds = inputs;
  if (task.network === 'unet') {
    const session = await open('unet-conditioning');
    feeds = { ...inputs, ...(await session.run(inputs)) };
    await session.release();
  }
  const session = await open(task.network === 'unet' ? 'unet-step' : task.network);
  const times: SideTimes = { readySeconds: performance.now() / 1000, seconds: [] };
  let made: Made = {};
  for (let run = 0; run < task.runs; run++) {
    const startedMs = performance.now();
    const [[, data] = []] = Object.entries(await session.run(feeds));
    times.seconds.push((performance.now() - startedMs) / 1000);
    if (data === undefined) throw new Error(`${task.network} gave nothing.`);
    // Only how many values there are matters for comparing them.
    made = { out: { shape: [data.length], data } };
  }
  await session.release();
  return { made, times };
}
