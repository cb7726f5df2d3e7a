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
  value === 0 ? '0' : value >= 1e5 || value < 0.01 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
const headroom = (largest: number) => Math.round(largestHalf / largest).toLocaleString('en');
const largestOf = (trace: TracedNetwork | undefined, kind: MagnitudeKind): Magnitude | undefined =>
  trace?.magnitudes.find((magnitude) => magnitude.kind === kind);
const cell = (magnitude: Magnitude | undefined) => (magnitude === undefined ? '–' : number(magnitude.largest));

/** A table with a row for each network of each model. */
function overview(traced: readonly TracedNetwork[], sizes: readonly (readonly number[])[]): string {
  const names = new Set(traced.map(({ model, network }) => `${model}, ${network}`));
  const [first = [], second = []] = [sizes[0], sizes.at(-1)];
  const rows = [...names].map((name) => {
    const find = (form: CudaGraph, [frames, pixels]: readonly number[]) =>
      traced.find(
        (one) =>
          `${one.model}, ${one.network}` === name &&
          one.cudaGraph === form &&
          one.frames === frames &&
          one.pixels === pixels,
      );
    const main = find('channels-last', first);
    const value = largestOf(main, 'value');
    return [
      name,
      headroom(value?.largest ?? Number.NaN),
      cell(value),
      cell(largestOf(find('channels-last', second), 'value')),
      cell(largestOf(find('plain', second), 'value')),
      ...(['products', 'scores', 'squares'] as const).map((kind) => cell(largestOf(main, kind))),
      main?.roundedDifference === undefined ? '–' : number(main.roundedDifference),
    ];
  });
  const [large, small] = [first, second].map((size) => `${size.join('×')}²`);
  const head = ['network', 'headroom', `largest, ${large}`, small!, `${small}, plain`];
  return markdownTable([...head, 'products', 'scores', 'squares', 'rounded, max / std'], rows);
}

/** The ten largest values of each network of these models, at the first size. */
export function largestValues(traced: readonly TracedNetwork[], [first = []]: readonly (readonly number[])[]): string {
  const ofSize = traced.filter(
    ({ cudaGraph, frames, pixels }) => cudaGraph === 'channels-last' && `${[frames, pixels]}` === `${first}`,
  );
  const rows = ofSize.flatMap(({ model, network, magnitudes }) =>
    magnitudes
      .filter(({ kind }) => kind === 'value')
      .slice(0, 10)
      .map(({ at, largest }) => [`${model}, ${network}`, `\`${at}\``, number(largest), headroom(largest)]),
  );
  return markdownTable(['network', 'value', 'largest', 'headroom'], rows);
}

/** The figures as one part of bench/RESULTS.md. */
export function halfRangeReport(
  traced: readonly TracedNetwork[],
  { arguments: words, sizes }: { arguments: readonly string[]; sizes: readonly (readonly number[])[] },
): string {
  const shown = traced.filter(({ model }) => model === 'unit' || model === 'demo');
  return `## Room in half precision

What the graphs for CUDA compute in float16, traced in float32 on the CPU: the largest magnitude at two sizes (frames × pixels
of a side) in the form with channels last, and in the plain one. \`headroom\`: how many times as large it could be in float16, which
goes to ${largestHalf.toLocaleString('en')}. \`products\`: what a convolution or matrix product adds up for one value, all with one sign; \`scores\`: of
attention before they are scaled; \`squares\`: the sum over what a norm takes together. Operators keep these three in float32
inside ([docs/gpu.md](../docs/gpu.md)). \`rounded\`: how far the outputs are off when every operator's output and every weight
is rounded to float16. \`unit\` and \`default\` are SVD XT's networks at full size with random weights: layers that give values as
large as those they take, and torch's own initialization; SVD's own weights may reach further. Of the demo model the decoder is
trained and the UNet written by hand.

${overview(traced, sizes)}

The ten largest values of each network, full size and of the demo model (the bench prints the others too):

${largestValues(shown, sizes)}

Written by \`npx tsx ${['bench/half-range.ts', ...words].join(' ')}\`. ${machine()}.`;
}
