import { largestDifference } from '../../src/cli/doctor/check-providers.ts';
import { compileGraph } from '../../src/inference/graph/compile-graph.ts';
import { partitionGraph } from '../../src/inference/graph/cut-graph.ts';
import type { BuiltGraph } from '../../src/inference/graph/graph-builder.ts';
import { elementCount } from '../../src/inference/graph/value.ts';
import { unetPart } from '../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import {
  buildNetwork,
  modelTarget,
  type NetworkRequest,
  networkTarget,
} from '../../src/inference/pipeline/build-network.ts';
import type { ModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import type { CudaGraph } from '../../src/inference/pipeline/types.ts';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import { openChain } from '../../src/inference/runtime/session.ts';
import { expandContrib } from '../../test/support/expand-contrib.ts';
import { inFloat32 } from '../../test/support/half-precision.ts';
import { type Magnitude, readMagnitudes, withMagnitudes } from '../../test/support/trace-magnitudes.ts';

type Tensors = Record<string, Float32Array>;

/** Which network is traced, and how. */
export interface TraceOptions {
  cudaGraph: CudaGraph;
  threads: number;
  /** Look into operators too, and run once more with everything rounded. */
  inside: boolean;
  /** Inputs that another network made; the others are random. */
  given?: Tensors | undefined;
}

/** What was found. */
export interface Trace {
  magnitudes: Magnitude[];
  outputs: Tensors;
  /** How far the same with everything rounded to float16 is off, in standard deviations of the output. */
  roundedDifference?: number;
}

/**
 * What the UNet, the VAE and CLIP are given in a clip: latents of unit variance beside the picture's, which are not scaled
 * (standard deviation 1 / scaling factor), the time of a middle step, a picture of values in [-1, 1].
 */
function inputsOf(graph: BuiltGraph, { vae }: ModelConfigs, given: Tensors = {}): Tensors {
  const generator = torchGenerator(1);
  const inputs: Tensors = {};
  for (const { name, shape } of graph.inputs) {
    const values = given[name] ?? generator.randn(elementCount(shape));
    const isUnet = graph.inputs.some((input) => input.name === 'timestep');
    const spread = 1 / vae.scaling_factor;
    const perFrame = elementCount(shape.slice(1));
    if (name === 'sample' && isUnet) {
      const latents = perFrame / 2;
      inputs[name] = values.map((value, at) => (at % perFrame < latents ? value : value * spread));
    } else if (name === 'sample') inputs[name] = values.map((value) => Math.max(-1, Math.min(1, value)));
    else if (name === 'z') inputs[name] = values.map((value) => value * spread);
    else if (name === 'timestep') inputs[name] = values.fill(0.5);
    else if (name === 'added_time_ids') inputs[name] = values.map((_, at) => [6, 127, 0.02][at % 3]!);
    else inputs[name] = values;
  }
  return inputs;
}

/** Part by part, so that one block's weights at most are in memory, which are widened to float32. */
async function run(graph: BuiltGraph, inputs: Tensors, threads: number): Promise<Tensors> {
  const isStep = graph.inputs.some(({ name }) => name === 'timestep');
  const parts = isStep ? partitionGraph({ ...graph, values: everyValue(graph) }, unetPart) : [graph];
  return openChain(parts.map(compileGraph), { provider: 'cpu', threads }).run(inputs);
}

/** What stands between the operators that stand for one has no shape in the graph; it never leaves its part. */
function everyValue({ nodes, values }: BuiltGraph): BuiltGraph['values'] {
  const inner = nodes.flatMap((node) => node.outputs).filter((name) => !values.has(name));
  return new Map([
    ...values,
    ...inner.map((name) => [name, { name, dataType: 'float32', shape: [] } as const] as const),
  ]);
}

/** Runs a network as CUDA gets it, in float32 on the CPU, once looking at all that it computes and once rounded. */
export async function traceNetwork(
  configs: ModelConfigs,
  request: NetworkRequest,
  { cudaGraph, threads, inside, given }: TraceOptions,
): Promise<Trace> {
  const base = modelTarget({ provider: 'cuda', precision: 'float16', cudaGraph });
  // What stays in float32 is looked at all the same: the figures say whether it has to.
  const target = { ...networkTarget(request, configs, base), precision: 'float16' } as const;
  const graph = expandContrib(await buildNetwork(configs, request, target));
  const inputs = inputsOf(graph, configs, given);
  const all = await run(withMagnitudes(graph, { inside }), inputs, threads);
  const names = new Set(graph.outputs.map(({ name }) => name));
  const outputs = Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
  const magnitudes = readMagnitudes(all);
  if (!inside) return { magnitudes, outputs };
  const rounded = await run(inFloat32(graph, { rounded: true }), inputs, threads);
  // The conditioning of a model may hold constants that are all alike.
  const varied = Object.entries(outputs).filter(([, values]) => values.some((value) => value !== values[0]));
  const differences = varied.map(([name, values]) => largestDifference(rounded[name]!, values));
  return { magnitudes, outputs, roundedDifference: Math.max(...differences) };
}
