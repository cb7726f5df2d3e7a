import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileGraph } from '../../src/inference/graph/compile-graph.ts';
import { buildNetwork } from '../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { leastWinogradChannels } from '../../src/inference/pipeline/networks.ts';
import { openSession } from '../../src/inference/runtime/session.ts';
import { type NetworkName, networkRequest } from '../side/network-requests.ts';
import { randomInputs } from '../side/random-inputs.ts';
import { matrixPeak } from './matrix-peak.ts';
import { type OperatorRun, readOperatorRuns } from './operator-runs.ts';

export interface ProfileOptions {
  modelDir: string;
  network: NetworkName;
  frames: number;
  /** Pixels of a side. */
  size: number;
  threads: number;
  /** Runs that are added up, after one that is not counted. */
  runs: number;
  mapped: boolean;
}

export interface Profile extends ProfileOptions {
  /** Of each counted run, as the caller sees it. */
  secondsPerRun: number[];
  /** Floating point operations per second of a large matrix product here, in 10⁹. */
  peakGflops: number;
  operators: OperatorRun[];
}

/** Runs a network under ONNX Runtime's profiler, loaded as Kinora loads it. */
export async function profileNetwork(options: ProfileOptions): Promise<Profile> {
  const { modelDir, network, threads, runs, mapped } = options;
  const configs = await readModelConfigs(modelDir);
  const peakBefore = await matrixPeak(threads);
  const graph = await buildNetwork(configs, networkRequest(network, options), {
    provider: 'cpu',
    precision: 'float32',
    foldsWeights: !mapped,
    winogradChannels: mapped ? undefined : leastWinogradChannels,
  });
  const model = compileGraph(graph);
  const folder = mkdtempSync(join(tmpdir(), 'kinora-profile-'));
  try {
    const session = await openSession(model, {
      provider: 'cpu',
      threads,
      mapped,
      keepsMemory: true,
      profilePrefix: join(folder, 'profile'),
    });
    const inputs = randomInputs(model.inputs);
    const secondsPerRun: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const startedMs = performance.now();
      await session.run(inputs);
      if (run > 0) secondsPerRun.push((performance.now() - startedMs) / 1000);
    }
    await session.release();
    // Other work on the machine lowers it: the better of two counts.
    const peakGflops = Math.max(peakBefore, await matrixPeak(threads));
    const [file = ''] = readdirSync(folder);
    const operators = readOperatorRuns(readFileSync(join(folder, file), 'utf8'), runs);
    return { ...options, secondsPerRun, peakGflops, operators };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
