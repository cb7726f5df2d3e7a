import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, reshape, slice } from '../graph/ops.ts';
import { axisSize, elementCount, pictureSizes, type Value } from '../graph/value.ts';
import { combineGeglu } from './activations.ts';
import {
  type ClipBatch,
  fromTokens,
  oneTokenCrossAttention,
  selfAttention,
  temporalSelfAttention,
  toTokens,
} from './attention.ts';
import type { Conditioning } from './conditioning.ts';
import { frameTimesteps, timestepEmbedding } from './embeddings.ts';
import { groupNorm, layerNorm, linear } from './layers.ts';
import { alphaBlender } from './resnet-block.ts';

/** What the transformer blocks need besides their input. */
export interface TransformerBlockOptions extends ClipBatch {
  heads: number;
  conditioning: Conditioning;
}

/** What a whole transformer needs. */
export interface TransformerSpatioTemporalOptions extends TransformerBlockOptions {
  /** `transformer_layers_per_block`. */
  layers: number;
}

/**
 * diffusers `BasicTransformerBlock` (self-attention over pixels, one-token cross-attention, feed-forward):
 * [b, f·s, c] -> same. `norm2` feeds only the queries, which one context token makes void.
 */
export function basicTransformerBlock(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { batch, frames, heads, conditioning }: TransformerBlockOptions,
): Value {
  return graph.scope(name, () => {
    const [tokens, channels] = [axisSize(x, 1) / frames, axisSize(x, 2)];
    const perFrame = reshape(graph, layerNorm(graph, 'norm1', x), [batch * frames, tokens, channels]);
    const attended = selfAttention(graph, 'attn1', perFrame, heads);
    let hidden = add(graph, reshape(graph, attended, x.shape), x);
    hidden = add(graph, hidden, crossAttention(graph, channels, conditioning));
    return add(graph, feedForward(graph, 'ff', layerNorm(graph, 'norm3', hidden)), hidden);
  });
}

/**
 * diffusers `TemporalBasicTransformerBlock`: [b, f·s, c] -> same. All but the attention is position-wise, so nothing
 * is transposed for it.
 */
export function temporalBasicTransformerBlock(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { conditioning, ...sizes }: TransformerBlockOptions,
): Value {
  return graph.scope(name, () => {
    let hidden = add(graph, feedForward(graph, 'ff_in', layerNorm(graph, 'norm_in', x)), x);
    const normed = layerNorm(graph, 'norm1', hidden);
    hidden = add(graph, temporalSelfAttention(graph, 'attn1', normed, sizes), hidden);
    hidden = add(graph, hidden, crossAttention(graph, axisSize(x, 2), conditioning));
    return add(graph, feedForward(graph, 'ff', layerNorm(graph, 'norm3', hidden)), hidden);
  });
}

/** `attn2` and its `norm2`: [b, 1, c], the same for every position and step. */
function crossAttention(graph: GraphBuilder, channels: number, conditioning: Conditioning): Value {
  graph.unusedParameter('norm2.weight', [channels]);
  graph.unusedParameter('norm2.bias', [channels]);
  return conditioning.constant(graph, 'attn2', (own) =>
    oneTokenCrossAttention(own, 'attn2', conditioning.encoderHiddenStates, channels),
  );
}

/** diffusers `TransformerSpatioTemporalModel`: [b·f, c, h, w] -> same, or channels last. */
export function transformerSpatioTemporal(
  graph: GraphBuilder,
  name: string,
  x: Value,
  options: TransformerSpatioTemporalOptions,
): Value {
  const { batch, frames, layers, conditioning } = options;
  return graph.scope(name, () => {
    const { count: rows, channels, height, width } = pictureSizes(x, graph.target.channelsLast);
    const pixels = height * width;
    const normed = toTokens(graph, groupNorm(graph, 'norm', x, 1e-6));
    const tokens = reshape(graph, normed, [batch, frames * pixels, channels]);
    let hidden = linear(graph, 'proj_in', tokens, channels);

    const framePositions = conditioning.constant(graph, 'time_pos_embed', (own) =>
      timestepEmbedding(own, 'time_pos_embed', frameTimesteps(own, frames, channels), {
        timeEmbedDim: channels * 4,
        outDim: channels,
      }),
    ); // [f, c]
    const perFrame = reshape(graph, framePositions, [1, frames, 1, channels]);

    for (let layer = 0; layer < layers; layer++) {
      hidden = basicTransformerBlock(graph, `transformer_blocks.${layer}`, hidden, options);
      const clips = reshape(graph, hidden, [batch, frames, pixels, channels]);
      const placed = reshape(graph, add(graph, clips, perFrame), hidden.shape);
      const temporal = temporalBasicTransformerBlock(graph, `temporal_transformer_blocks.${layer}`, placed, options);
      hidden = alphaBlender(graph, 'time_mixer', hidden, temporal);
    }

    const projected = reshape(graph, linear(graph, 'proj_out', hidden, channels), [rows, pixels, channels]);
    return add(graph, fromTokens(graph, projected, x.shape), x);
  });
}

/** diffusers `FeedForward` makes its inner width four times the outer. */
const expansion = 4;

/**
 * diffusers `FeedForward` with GEGLU: [b, tokens, c] -> same. `net.1` is a dropout there and has no weights. Tokens
 * go through one chunk after another (diffusers' `enable_forward_chunking`): the same numbers, and an inner tensor of 4c
 * per token of a chunk only.
 */
export function feedForward(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => {
    const channels = axisSize(x, -1);
    const tokens = elementCount(x.shape) / channels;
    const chunk = graph.target.feedForwardChunk ?? usualChunk(graph, tokens);
    const through = (part: Value) => {
      const gated = geglu(graph, 'net.0.proj', part, channels * expansion); // [..., c] -> [..., 4c]
      return linear(graph, 'net.2', gated, channels); //                       [..., 4c] -> [..., c]
    };
    if (chunk >= tokens) return through(x);
    const flat = reshape(graph, x, [tokens, channels]);
    const parts: Value[] = [];
    for (let from = 0; from < tokens; from += chunk) {
      parts.push(through(slice(graph, flat, 0, [from, Math.min(from + chunk, tokens)])));
    }
    return reshape(graph, concat(graph, parts, 0), x.shape);
  });
}

/** On a CPU, the fewest tokens of a chunk that nobody asked for, and the most chunks: each is some nodes more to load. */
const [leastChunk, mostChunks] = [1024, 8] as const;

/**
 * The tokens of a chunk where nobody says. On a CPU the inner tensors of a chunk should stay in its caches, and in memory
 * that is there: whole, those of SVD at 14×256×256 are 73 MB each, and the pages of each were fetched from the system
 * anew, which took as long as the products.
 */
function usualChunk({ target }: GraphBuilder, tokens: number): number {
  if (target.provider !== 'cpu') return tokens;
  const chunks = Math.min(mostChunks, Math.max(1, Math.floor(tokens / leastChunk)));
  return Math.ceil(tokens / chunks);
}

/**
 * diffusers `GEGLU`'s projection and gate: [..., c] -> [..., inner]. The halves of the projection are two products over
 * the same weight, so that nothing has to be split after.
 */
export function geglu(graph: GraphBuilder, name: string, x: Value, inner: number): Value {
  if (graph.target.channelsLast && splitGeluSizes.has(2 * inner)) return splitGelu(graph, name, x, inner);
  const hidden = linear(graph, name, x, 2 * inner, { rows: [0, inner] });
  const gate = linear(graph, name, x, 2 * inner, { rows: [inner, 2 * inner] });
  return combineGeglu(graph, hidden, gate);
}

/** Widths of the projection that CUDA's operator takes: those of Stable Diffusion and SVD. */
const splitGeluSizes: ReadonlySet<number> = new Set([2560, 5120, 10_240]);

/** The same by one product and one operator: bias, halves, gate. */
function splitGelu(graph: GraphBuilder, name: string, x: Value, inner: number): Value {
  return graph.scope(name, () => {
    const channels = axisSize(x, -1);
    const tokens = elementCount(x.shape) / channels;
    const weight = graph.parameter('weight', [2 * inner, channels], { mayBeTransposed: true });
    const flat = reshape(graph, x, [tokens, channels]);
    const projected = graph.op('Gemm', [flat, weight], { transB: weight.transposed === true ? 0 : 1 });
    const bias = graph.parameter('bias', [2 * inner]);
    const inputs = [reshape(graph, projected, [1, tokens, 2 * inner]), bias];
    return reshape(graph, graph.op('BiasSplitGelu', inputs, {}, 'com.microsoft'), x.shape.with(-1, inner));
  });
}
