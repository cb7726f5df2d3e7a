import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, matMul, multiply, reshape, scalar, slice, transpose } from '../graph/ops.ts';
import { axisSize, pictureSizes, type Value } from '../graph/value.ts';
import { groupNorm, linear } from './layers.ts';

/** Queries, keys and values, each [..., c]. */
export interface Projections {
  query: Value;
  key: Value;
  value: Value;
}

/**
 * Softmax(q·kᵀ/√d)·v within each row of [n, tokens, heads·d], heads side by side. Fused, so that no score tensor
 * exists; on WebGPU, whose fused operator was measured 3e-3 off the CPU's where values are 0.05, as plain products over
 * chunks of queries.
 */
export function multiHeadAttention(graph: GraphBuilder, projected: Projections, heads: number): Value {
  if (graph.target.provider === 'webgpu') return chunkedAttention(graph, projected, heads);
  const { query, key, value } = projected;
  return graph.op('MultiHeadAttention', [query, key, value], { num_heads: heads }, 'com.microsoft');
}

/** The most values that a tensor of attention scores may have: 128 MiB in half precision. */
const maxScoreValues = 64 * 1024 * 1024;

/** The same with at most {@link maxScoreValues} scores at a time. */
function chunkedAttention(graph: GraphBuilder, { query, key, value }: Projections, heads: number): Value {
  const [count, tokens, channels] = [axisSize(query, 0), axisSize(query, 1), axisSize(query, 2)];
  const headDim = channels / heads;
  const split = (y: Value) => reshape(graph, y, [count, tokens, heads, headDim]);
  const scaled = multiply(graph, query, scalar(graph, headDim ** -0.5));
  const q = transpose(graph, split(scaled), [0, 2, 1, 3]); // [n, heads, tokens, d]
  const k = transpose(graph, split(key), [0, 2, 3, 1]); //    [n, heads, d, tokens]
  const v = transpose(graph, split(value), [0, 2, 1, 3]); //  [n, heads, tokens, d]
  const chunk = Math.max(1, Math.min(tokens, Math.floor(maxScoreValues / (count * heads * tokens))));
  const parts: Value[] = [];
  for (let from = 0; from < tokens; from += chunk) {
    const some = chunk === tokens ? q : slice(graph, q, 2, [from, Math.min(from + chunk, tokens)]);
    parts.push(matMul(graph, graph.op('Softmax', [matMul(graph, some, k)], { axis: -1 }), v));
  }
  const [first] = parts;
  const attended = parts.length === 1 && first !== undefined ? first : concat(graph, parts, 2);
  return reshape(graph, transpose(graph, attended, [0, 2, 1, 3]), query.shape);
}

/** diffusers `Attention`'s `to_q`, `to_k`, `to_v`: [..., c] -> three of [..., c]. Its transformers give them no bias. */
function projections(graph: GraphBuilder, x: Value, bias: boolean): Projections {
  const channels = axisSize(x, -1);
  return {
    query: linear(graph, 'to_q', x, channels, { bias }),
    key: linear(graph, 'to_k', x, channels, { bias }),
    value: linear(graph, 'to_v', x, channels, { bias }),
  };
}

/** diffusers `Attention` of each row with itself: [n, tokens, c] -> [n, tokens, c]. */
export function selfAttention(graph: GraphBuilder, name: string, x: Value, heads: number): Value {
  return graph.scope(name, () => {
    const attended = multiHeadAttention(graph, projections(graph, x, false), heads);
    return linear(graph, 'to_out.0', attended, axisSize(x, -1));
  });
}

/** Sizes of a batch of clips whose frames lie one after another. */
export interface ClipBatch {
  batch: number;
  frames: number;
}

/**
 * diffusers `Attention` of each pixel with itself over the frames: [b, f·s, c] -> [b, f·s, c]. Products are taken per
 * pixel and head as matrices of f rows: for so few tokens that is quicker than the fused operator, and only q, k, v
 * and the result are transposed. With CUDA's operators it is the fused one, on what is transposed once and back.
 */
export function temporalSelfAttention(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { batch, frames, heads }: ClipBatch & { heads: number },
): Value {
  return graph.scope(name, () => {
    const channels = axisSize(x, -1);
    if (graph.target.channelsLast) {
      const pixels = axisSize(x, 1) / frames;
      const perFrame = reshape(graph, x, [batch, frames, pixels, channels]);
      const perPixel = reshape(graph, transpose(graph, perFrame, [0, 2, 1, 3]), [batch * pixels, frames, channels]);
      const attended = multiHeadAttention(graph, projections(graph, perPixel, false), heads);
      const projected = reshape(graph, linear(graph, 'to_out.0', attended, channels), [
        batch,
        pixels,
        frames,
        channels,
      ]);
      return reshape(graph, transpose(graph, projected, [0, 2, 1, 3]), x.shape);
    }
    const headDim = channels / heads;
    const rows = (axisSize(x, 1) / frames) * heads; // s·heads
    const { query, key, value } = projections(graph, x, false);
    const split = (y: Value) => reshape(graph, y, [batch, frames, rows, headDim]);
    const scale = scalar(graph, headDim ** -0.5);
    const q = transpose(graph, multiply(graph, split(query), scale), [0, 2, 1, 3]); // [b, s·heads, f, d]
    const k = transpose(graph, split(key), [0, 2, 3, 1]); //                           [b, s·heads, d, f]
    const v = transpose(graph, split(value), [0, 2, 1, 3]); //                         [b, s·heads, f, d]
    const weights = graph.op('Softmax', [matMul(graph, q, k)], { axis: -1 }); //       [b, s·heads, f, f]
    const attended = transpose(graph, matMul(graph, weights, v), [0, 2, 1, 3]); //     [b, f, s·heads, d]
    return linear(graph, 'to_out.0', reshape(graph, attended, x.shape), channels);
  });
}

/**
 * diffusers `Attention` to a context of ONE token: softmax over one score is 1, so every position receives
 * `to_out(to_v(context))`, and queries and keys drop out, exactly.
 * @param context [b, 1, crossAttentionDim]
 * @returns [b, 1, channels], to be added to every position
 */
export function oneTokenCrossAttention(graph: GraphBuilder, name: string, context: Value, channels: number): Value {
  return graph.scope(name, () => {
    graph.unusedParameter('to_q.weight', [channels, channels]);
    graph.unusedParameter('to_k.weight', [channels, axisSize(context, -1)]);
    const value = linear(graph, 'to_v', context, channels, { bias: false });
    return linear(graph, 'to_out.0', value, channels);
  });
}

/** [n, c, h, w], or [n, h, w, c] channels last, as [n, h·w, c]. */
export function toTokens(graph: GraphBuilder, x: Value): Value {
  const { channelsLast } = graph.target;
  const { count, channels, height, width } = pictureSizes(x, channelsLast);
  if (channelsLast) return reshape(graph, x, [count, height * width, channels]);
  return transpose(graph, reshape(graph, x, [count, channels, height * width]), [0, 2, 1]);
}

/** [n, h·w, c] as pictures of `shape`; the way back from {@link toTokens}. */
export function fromTokens(graph: GraphBuilder, tokens: Value, shape: readonly number[]): Value {
  const laid = graph.target.channelsLast ? tokens : transpose(graph, tokens, [0, 2, 1]);
  return reshape(graph, laid, shape);
}

/** The VAE's `Attention` over the pixels of each picture, with its own GroupNorm and residual: [n, c, h, w] -> same, or channels last. */
export function pixelAttention(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { heads, eps }: { heads: number; eps: number },
): Value {
  return graph.scope(name, () => {
    const { channels } = pictureSizes(x, graph.target.channelsLast);
    const tokens = toTokens(graph, groupNorm(graph, 'group_norm', x, eps));
    const attended = multiHeadAttention(graph, projections(graph, tokens, true), heads);
    const projected = linear(graph, 'to_out.0', attended, channels);
    return add(graph, fromTokens(graph, projected, x.shape), x);
  });
}
