import type { GraphBuilder } from '../graph/graph-builder.ts';
import { matMul, reshape, transpose } from '../graph/ops.ts';
import { type PictureSizes, shape4, type Value } from '../graph/value.ts';

/** Along a side, values of the kernel. */
const taps = 3;

/** Pictures of fewer pixels do not fill ONNX Runtime's kernels for convolutions; with fewer channels there is little to gain. */
const [enoughPixels, leastChannels] = [64, 512] as const;

/** Whether a 3×3 convolution with padding 1 is to take {@link patchConv}. */
export function suitsPatches({ target }: GraphBuilder, { channels, height, width }: PictureSizes): boolean {
  return target.provider === 'cpu' && height * width < enoughPixels && channels >= leastChannels;
}

/**
 * The 3×3 convolution with padding 1 of the scope around, as one matrix product of every pixel's 3×3 surroundings (im2col)
 * with the kernel as the checkpoint has it. Of 14 pictures of 4×4 pixels and 1280 channels, convolutions took 1.6 times as
 * long (Xeon with AVX-512).
 * @param x [n, c, h, w]
 * @returns [n, o, h, w]
 */
export function patchConv(graph: GraphBuilder, x: Value, outChannels: number, { bias }: { bias: boolean }): Value {
  const [count, channels, height, width] = shape4(x);
  const [pixels, values] = [height * width, taps ** 2];
  const flat = reshape(graph, x, [count * channels, pixels]);
  const around = matMul(graph, flat, surroundings(graph, height, width)); // [n·c, h·w·9]
  const perPixel = transpose(graph, reshape(graph, around, [count, channels, pixels, values]), [0, 2, 1, 3]);
  const patches = reshape(graph, perPixel, [count * pixels, channels * values]);
  const kernel = graph.parameter('weight', [outChannels, channels, taps, taps], {
    as: [outChannels, channels * values],
  });
  const offset = bias ? graph.parameter('bias', [outChannels]) : undefined;
  const made = reshape(graph, graph.op('Gemm', [patches, kernel, offset], { transB: 1 }), [count, pixels, outChannels]);
  return reshape(graph, transpose(graph, made, [0, 2, 1]), [count, outChannels, height, width]);
}

/** What takes the pixels of a channel to the nine around each of them, zeros outside: [h·w, h·w·9]. */
function surroundings(graph: GraphBuilder, height: number, width: number): Value {
  const [pixels, values] = [height * width, taps ** 2];
  const matrix = new Float32Array(pixels * pixels * values);
  for (let at = 0; at < pixels; at++) {
    for (let tap = 0; tap < values; tap++) {
      const row = Math.floor(at / width) + Math.floor(tap / taps) - 1;
      const column = (at % width) + (tap % taps) - 1;
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      if (isInside) matrix[(row * width + column) * pixels * values + at * values + tap] = 1;
    }
  }
  return graph.constant(matrix, [pixels, pixels * values]);
}
