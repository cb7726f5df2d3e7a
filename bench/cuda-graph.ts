import { type BuiltGraph, buildGraph, type GraphTarget } from '../src/inference/graph/graph-builder.ts';
import { peakActivationBytes } from '../src/inference/graph/peak-memory.ts';
import { elementCount } from '../src/inference/graph/value.ts';
import { unetConfigSchema } from '../src/inference/models/unet-config.ts';
import { buildUnetGraphs } from '../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeConfigSchema } from '../src/inference/models/vae-config.ts';
import { vaeTemporalDecoder } from '../src/inference/models/vae-temporal-decoder.ts';
import { modelTarget } from '../src/inference/pipeline/build-network.ts';
import { svdXtConfigs } from '../test/support/svd-xt-configs.ts';

// `npx tsx bench/cuda-graph.ts`: what the two forms of the graph on CUDA ask of a card, at full size in float16 (SVD XT,
// 25 frames of 1024×576, guidance in one call), counted from the graphs. No card is needed, and nothing is run: operators,
// products, bytes that operators read and write, and what that takes at the least on some cards.

const frames = 25;
const size = { height: 72, width: 128 };

/** Peaks of dense float16 with float32 sums, and of the memory; NVIDIA's data sheets. */
const cards = [
  { name: 'T4', teraflops: 65, gigabytesPerSecond: 320 },
  { name: 'RTX 4090', teraflops: 165, gigabytesPerSecond: 1008 },
  { name: 'A100 80 GB', teraflops: 312, gigabytesPerSecond: 2039 },
  { name: 'H100 SXM', teraflops: 989, gigabytesPerSecond: 3350 },
] as const;

/** How much of the peaks good kernels reach: products in cuDNN and cuBLAS, and moving bytes. */
const reached = { products: 0.6, bytes: 0.8 };

/** Changes of shape, which move nothing. */
const views = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze']);

/** What one operator asks for. */
interface Cost {
  opType: string;
  flops: number;
  bytes: number;
}

/** Every operator that runs in a call: what only depends on weights is computed when the session is made. */
function costs(graph: BuiltGraph): Cost[] {
  const shapes = new Map(
    [...graph.inputs, ...graph.values.values(), ...graph.initializers].map(({ name, shape }) => [name, shape]),
  );
  const constant = new Set([...graph.expected.keys(), ...graph.initializers.map(({ name }) => name)]);
  const found: Cost[] = [];
  for (const { opType, inputs, outputs, attributes } of graph.nodes) {
    const given = inputs.filter((name) => name !== '');
    if (given.every((name) => constant.has(name))) {
      for (const name of outputs) constant.add(name);
      continue;
    }
    if (views.has(opType)) continue;
    const shapeOf = (name: string | undefined) => shapes.get(name ?? '') ?? graph.expected.get(name ?? '') ?? [];
    const output = graph.values.get(outputs[0] ?? '')?.shape ?? [];
    const values = [...given, ...outputs].reduce((sum, name) => sum + elementCount(shapeOf(name)), 0);
    found.push({ opType, bytes: values * 2, flops: flops(opType, given.map(shapeOf), { output, attributes }) });
  }
  return found;
}

function flops(
  opType: string,
  inputs: readonly (readonly number[])[],
  { output, attributes }: { output: readonly number[]; attributes: Readonly<Record<string, unknown>> },
): number {
  const [first = [], second = []] = inputs;
  const last = output.at(-1) ?? 1;
  switch (opType) {
    case 'Conv':
      return 2 * elementCount(output) * elementCount(second.slice(1));
    case 'Gemm':
      return 2 * elementCount(output) * (first.at(-1) ?? 1);
    case 'MatMul':
      return 2 * elementCount(output) * (first.at(-1) ?? 1);
    case 'MultiHeadAttention': {
      const [batch = 1, tokens = 1] = first;
      return attributes.num_heads === undefined ? 0 : 4 * batch * tokens * tokens * last;
    }
    default:
      return 0;
  }
}

function secondsOn({ teraflops, gigabytesPerSecond }: (typeof cards)[number], asked: readonly Cost[]): number {
  const seconds = ({ flops: products, bytes }: Cost) =>
    Math.max(products / (teraflops * 1e12 * reached.products), bytes / (gigabytesPerSecond * 1e9 * reached.bytes));
  return asked.reduce((sum, cost) => sum + seconds(cost), 0);
}

function graphOf(network: 'step' | 'decoder', target: GraphTarget, { batch = 2, chunk = 8 } = {}): BuiltGraph {
  const source = { weights: new Map(), target };
  if (network === 'step') {
    return buildUnetGraphs(unetConfigSchema.parse(svdXtConfigs['unet/config.json']), { batch, frames, ...size }, source)
      .step;
  }
  const vae = vaeConfigSchema.parse(svdXtConfigs['vae/config.json']);
  return buildGraph('decoder', source, (graph) => vaeTemporalDecoder(graph, vae, { frames: chunk, ...size }));
}

const rows = (['step', 'decoder'] as const).flatMap((network) =>
  (['plain', 'channels-last'] as const).map((cudaGraph) => {
    const graph = graphOf(network, modelTarget({ provider: 'cuda', precision: 'float16', cudaGraph }));
    const asked = costs(graph);
    const count = (opType: string) => asked.filter((cost) => cost.opType === opType).length;
    const total = (of: 'flops' | 'bytes') => asked.reduce((sum, cost) => sum + cost[of], 0);
    return [
      network === 'step' ? 'UNet step' : 'decoder, 8 frames',
      cudaGraph,
      asked.length,
      count('Transpose'),
      count('Cast'),
      `${(total('flops') / 1e12).toFixed(1)} T`,
      `${(total('bytes') / 1e9).toFixed(0)} GB`,
      `${(peakActivationBytes(graph) / 1e9).toFixed(1)} GB`,
      ...cards.map((card) => `${secondsOn(card, asked).toFixed(2)} s`),
    ];
  }),
);
const heading = [
  'network',
  'form',
  'operators',
  'Transpose',
  'Cast',
  'products',
  'bytes',
  'activations',
  ...cards.map(({ name }) => name),
];
console.log(`| ${heading.join(' | ')} |\n| ${heading.map(() => '---').join(' | ')} |`);
for (const row of rows) console.log(`| ${row.join(' | ')} |`);

/** Activations at once in GB, by what the operator may choose. */
function memoryOf(cudaGraph: 'plain' | 'channels-last'): string[] {
  const target = (feedForwardChunk?: number) =>
    modelTarget({ provider: 'cuda', precision: 'float16', cudaGraph, feedForwardChunk });
  const gigabytes = (graph: BuiltGraph) => `${(peakActivationBytes(graph) / 1e9).toFixed(1)} GB`;
  return [
    cudaGraph,
    gigabytes(graphOf('step', target())),
    gigabytes(graphOf('step', target(), { batch: 1 })),
    gigabytes(graphOf('step', target(50_000), { batch: 1 })),
    ...[1, 2, 4, 8, 14].map((chunk) => gigabytes(graphOf('decoder', target(), { chunk }))),
  ];
}
const choices = [
  'form',
  'step, batched',
  'step, split',
  'and FEED_FORWARD_CHUNK=50000',
  ...[1, 2, 4, 8, 14].map((n) => `decode ${n}`),
];
console.log(`\n| ${choices.join(' | ')} |\n| ${choices.map(() => '---').join(' | ')} |`);
for (const form of ['plain', 'channels-last'] as const) console.log(`| ${memoryOf(form).join(' | ')} |`);
