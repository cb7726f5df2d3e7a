import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, reshape, transpose } from '../graph/ops.ts';
import { axisSize, shape4, type Value } from '../graph/value.ts';
import { alphaBlender } from './alpha-blender.ts';
import { type ClipBatch, oneTokenCrossAttention, selfAttention, temporalSelfAttention } from './attention.ts';
import type { Conditioning } from './conditioning.ts';
import { frameTimesteps, timestepEmbedding } from './embeddings.ts';
import { feedForward } from './feed-forward.ts';
import { linear } from './linear.ts';
import { groupNorm, layerNorm } from './normalization.ts';

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

/** diffusers `TransformerSpatioTemporalModel`: [b·f, c, h, w] -> same. */
export function transformerSpatioTemporal(
  graph: GraphBuilder,
  name: string,
  x: Value,
  options: TransformerSpatioTemporalOptions,
): Value {
  const { batch, frames, layers, conditioning } = options;
  return graph.scope(name, () => {
    const [rows, channels, height, width] = shape4(x);
    const pixels = height * width;
    const normed = reshape(graph, groupNorm(graph, 'norm', x, 1e-6), [rows, channels, pixels]);
    const tokens = reshape(graph, transpose(graph, normed, [0, 2, 1]), [batch, frames * pixels, channels]);
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
    return add(graph, reshape(graph, transpose(graph, projected, [0, 2, 1]), x.shape), x);
  });
}
