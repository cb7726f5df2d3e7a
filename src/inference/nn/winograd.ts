import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, matMul, reshape, subtract, transpose } from '../graph/ops.ts';
import { type PictureSizes, shape4, type Value } from '../graph/value.ts';

/** Along a side: pixels of a tile, those of them that are made, and values of the kernel. */
const [tile, made, taps] = [4, 2, 3] as const;

/** A row of the kernel in the four factors of a tile's row: G in Lavin and Gray, "Fast Algorithms for CNNs" (2015). */
const kernelFactors = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
] as const;

/** A row of a tile in its four factors: Bᵀ there, the last row with the other sign. */
const inputFactors = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, -1, 0, 1],
] as const;

/** The most values of a kernel's plane [o, c]: larger ones would take more memory than their time is worth. */
const maxPlane = 640 * 1920;

/** With more rows and columns than this together, the transforms (dense products here) cost more than is saved. */
const maxSides = 128;

/**
 * Whether a 3×3 convolution with padding 1 is to take {@link winogradConv}: what that saves grows with the channels, what
 * it costs with the values alone. An odd side would end in half a tile.
 */
export function suitsWinograd(
  graph: GraphBuilder,
  { channels, height, width }: PictureSizes,
  outChannels: number,
): boolean {
  const { winogradChannels } = graph.target;
  const fits = height % made === 0 && width % made === 0 && height + width <= maxSides;
  if (winogradChannels === undefined || !fits || channels * outChannels > maxPlane) return false;
  return (2 * channels * outChannels) / (channels + outChannels) >= winogradChannels;
}

/**
 * The 3×3 convolution with padding 1 of the scope around, in 4/9 of the products, by Winograd's F(2×2, 3×3): tiles of 4×4 pixels, two apart,
 * become 16 factors each; every factor is one matrix product over all tiles; sums of the products are 2×2 pixels. As exact
 * as the plain form (3e-6 of the standard deviation at 1280 channels). ONNX Runtime makes the 16 matrices of the kernel when
 * the session is made; they take 16/9 of its memory.
 * @param x [n, c, h, w], both sides even
 * @returns [n, o, h, w]
 */
export function winogradConv(graph: GraphBuilder, x: Value, outChannels: number, { bias }: { bias: boolean }): Value {
  const [count, channels, height, width] = shape4(x);
  const tilesDown = height / made;
  const tiles = (count * tilesDown * width) / made;
  const kernels = kernelMatrices(graph, outChannels, channels);
  const offset = bias ? graph.parameter('bias', [outChannels]) : undefined;

  // Channels last, so that the factors of all tiles are the rows of a matrix as they are made.
  const pixels = transpose(graph, reshape(graph, x, [count, channels, height * width]), [0, 2, 1]);
  const rows = reshape(graph, pixels, [count * height, width, channels]);
  const columns = inputMatrices(graph, width).map((across) =>
    reshape(graph, matMul(graph, across, rows), [count, height, (width / made) * channels]),
  );
  const products = inputMatrices(graph, height).map((down, a) =>
    columns.map((column, b) => {
      const factors = reshape(graph, matMul(graph, down, column), [tiles, channels]);
      // Product (1, 1) goes into each of the four pixels once, and so does the bias.
      return graph.op('Gemm', [factors, kernels[a * tile + b], a === 1 && b === 1 ? offset : undefined], { transB: 1 });
    }),
  );

  const halves = products.map((row) => combine(graph, row)); // per row of factors: left and right pixels
  const [left, right] = [0, 1].map((side) =>
    combine(
      graph,
      halves.flatMap((half) => half[side] ?? []),
    ),
  );
  const lines = [0, 1].map((line) => {
    const pair = [left?.[line], right?.[line]].flatMap((part) => part ?? []);
    const beside = pair.map((part) => reshape(graph, part, [tiles, 1, outChannels]));
    return reshape(graph, concat(graph, beside, 1), [count * tilesDown, 1, width * outChannels]);
  });
  const picture = reshape(graph, concat(graph, lines, 1), [count, height * width, outChannels]);
  return reshape(graph, transpose(graph, picture, [0, 2, 1]), [count, outChannels, height, width]);
}

/** Two pixels of the four products of a row (or column): Aᵀ, the last sign changed as that of {@link inputFactors} is. */
function combine(graph: GraphBuilder, [first, second, third, fourth]: readonly Value[]): Value[] {
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) return [];
  return [add(graph, first, add(graph, second, third)), add(graph, subtract(graph, second, third), fourth)];
}

/** For each of the four factors, what takes a side of `size` pixels to that factor of its tiles: [size / 2, size]. */
function inputMatrices(graph: GraphBuilder, size: number): Value[] {
  return inputFactors.map((factor) => {
    const matrix = new Float32Array((size / made) * size);
    for (let at = 0; at < size / made; at++) {
      for (const [offset, value] of factor.entries()) {
        const pixel = at * made - 1 + offset; // the padding's pixels are zeros: left out
        if (pixel >= 0 && pixel < size) matrix[at * size + pixel] = value;
      }
    }
    return graph.constant(matrix, [size / made, size]);
  });
}

/**
 * The kernel's matrix [o, c] in each of the 16 factors, of constants alone. ONNX Runtime copies whatever a node reads when
 * it folds the node, so few nodes read much.
 */
function kernelMatrices(graph: GraphBuilder, outChannels: number, channels: number): Value[] {
  const transform = kernelFactors.flatMap((down) =>
    kernelFactors.flatMap((across) => down.flatMap((y) => across.map((x) => y * x))),
  );
  const matrix = graph.constant(Float32Array.from(transform), [tile ** 2, taps ** 2]);
  const kernels = graph.parameter('weight', [outChannels, channels, taps, taps], {
    as: [outChannels * channels, taps ** 2],
  });
  const all = graph.op('Gemm', [matrix, kernels], { transB: 1 });
  return graph.split(reshape(graph, all, [tile ** 2 * outChannels, channels]), tile ** 2);
}
