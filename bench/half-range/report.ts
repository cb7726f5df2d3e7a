import type { NetworkRequest } from '../../src/inference/pipeline/build-network.ts';
import type { CudaGraph } from '../../src/inference/pipeline/types.ts';
import { largestHalf } from '../../test/support/half-precision.ts';
import type { Magnitude, MagnitudeKind } from '../../test/support/trace-magnitudes.ts';
import { machine } from '../report/machine.ts';
import { markdownTable } from '../report/tables.ts';
import type { Trace } from './trace-network.ts';

/** A network as it was traced. */
export interface TracedNetwork extends Omit<Trace, 'outputs'> {
  model: string;
  network: NetworkRequest['network'];
  cudaGraph: CudaGraph;
  frames: number;
  /** Of a side. */
  pixels: number;
}

const number = (value: number) =>
  value === 0 ? '0' : value >= 1e5 || value < 0.01 ? value.toExponential(1) : value.toPrecision(3);
const headroom = (largest: number) => `${number(largestHalf / largest)}×`;
const largestOf = (trace: TracedNetwork, kind: MagnitudeKind): Magnitude | undefined =>
  trace.magnitudes.find((magnitude) => magnitude.kind === kind);
const cell = (magnitude: Magnitude | undefined) => (magnitude === undefined ? '–' : number(magnitude.largest));

/** All figures as one part of bench/RESULTS.md. */
export function halfRangeReport(
  traced: readonly TracedNetwork[],
  { arguments: words, sizes }: { arguments: readonly string[]; sizes: readonly (readonly number[])[] },
): string {
  const overview = traced.map((trace) => {
    const { model, network, cudaGraph, frames, pixels, roundedDifference } = trace;
    const value = largestOf(trace, 'value');
    return [
      `${model}, ${network}`,
      cudaGraph,
      network === 'image-encoder' ? '–' : `${frames}×${pixels}²`,
      cell(value),
      headroom(value?.largest ?? Number.NaN),
      ...(['products', 'scores', 'squares'] as const).map((kind) => cell(largestOf(trace, kind))),
      roundedDifference === undefined ? '–' : number(roundedDifference),
    ];
  });
  const head = [
    'network',
    'form',
    'size',
    'largest',
    'headroom',
    'products',
    'scores',
    'squares',
    'rounded, max / std',
  ];
  const [first] = sizes;
  const details = traced
    .filter(({ cudaGraph, frames, pixels }) => cudaGraph === 'channels-last' && `${[frames, pixels]}` === `${first}`)
    .filter(({ model }) => !model.startsWith('tiny'))
    .map(({ model, network, magnitudes }) => {
      const values = magnitudes.filter(({ kind }) => kind === 'value').slice(0, 10);
      const rows = values.map(({ at, largest }) => [`\`${at}\``, number(largest), headroom(largest)]);
      return `${model}, ${network}:\n\n${markdownTable(['value', 'largest', 'headroom'], rows)}`;
    });
  return `## Room in half precision

What the graphs for CUDA compute in float16, traced in float32 on the CPU: the largest magnitude, against float16's largest
number, ${largestHalf}. \`products\`: what a convolution or matrix product adds up for one value, all with one sign;
\`scores\`: of attention before they are scaled; \`squares\`: the sum over what a norm takes together. Operators keep these
three in float32 inside ([docs/gpu.md](../docs/gpu.md)). \`rounded\`: how far the outputs are off when every operator's output
and every weight is rounded to float16. \`unit\` and \`default\` are SVD XT's networks at full size with random weights: layers
that give values as large as those they take, and torch's own initialization; trained weights may reach further. \`demo\` is
the demo model, which is trained.

${markdownTable(head, overview)}

The ten largest values of each network at ${first?.join('×')}²:

${details.join('\n\n')}

Written by \`npx tsx ${['bench/half-range.ts', ...words].join(' ')}\`. ${machine()}.`;
}
