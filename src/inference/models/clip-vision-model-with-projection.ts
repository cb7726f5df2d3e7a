import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, expand, reshape, slice, transpose } from '../graph/ops.ts';
import { axisSize, shape4, type Value } from '../graph/value.ts';
import { activation } from '../nn/activations.ts';
import { multiHeadAttention } from '../nn/attention.ts';
import { layerNorm, linear } from '../nn/layers.ts';
import type { ClipVisionConfig } from './clip-vision-config.ts';

/**
 * transformers `CLIPVisionModelWithProjection` (modeling_clip.py): input `pixel_values` [batch, channels, size, size],
 * output `image_embeds` [batch, projection_dim].
 */
export function clipVisionModelWithProjection(
  graph: GraphBuilder,
  config: ClipVisionConfig,
  { batch = 1 }: { batch?: number } = {},
): void {
  const { num_channels, image_size, hidden_size, projection_dim, layer_norm_eps } = config;
  const pixels = graph.input('pixel_values', [batch, num_channels, image_size, image_size]);
  const pooled = graph.scope('vision_model', () => {
    let hidden = clipVisionEmbeddings(graph, 'embeddings', pixels, config);
    hidden = layerNorm(graph, 'pre_layrnorm', hidden, layer_norm_eps); // transformers' own spelling
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
      hidden = clipEncoderLayer(graph, `encoder.layers.${layer}`, hidden, config);
    }
    const classToken = reshape(graph, slice(graph, hidden, 1, [0, 1]), [batch, hidden_size]);
    return layerNorm(graph, 'post_layernorm', classToken, layer_norm_eps);
  });
  graph.output('image_embeds', linear(graph, 'visual_projection', pooled, projection_dim, { bias: false }));
}

/** transformers `CLIPVisionEmbeddings`: [b, c, size, size] -> [b, 1 + patches, hidden]. */
export function clipVisionEmbeddings(
  graph: GraphBuilder,
  name: string,
  pixels: Value,
  { hidden_size, patch_size }: ClipVisionConfig,
): Value {
  return graph.scope(name, () => {
    const [batch, channels, height, width] = shape4(pixels);
    const kernel = graph.parameter('patch_embedding.weight', [hidden_size, channels, patch_size, patch_size]);
    const patches = graph.op('Conv', [pixels, kernel], {
      kernel_shape: [patch_size, patch_size],
      strides: [patch_size, patch_size],
    }); // [b, hidden, rows, columns]
    const count = Math.floor(height / patch_size) * Math.floor(width / patch_size);
    const tokens = transpose(graph, reshape(graph, patches, [batch, hidden_size, count]), [0, 2, 1]);
    const classEmbedding = graph.parameter('class_embedding', [hidden_size], { as: [1, 1, hidden_size] });
    const joined = concat(graph, [expand(graph, classEmbedding, [batch, 1, hidden_size]), tokens], 1);
    return add(graph, joined, graph.parameter('position_embedding.weight', [count + 1, hidden_size]));
  });
}

/** transformers `CLIPEncoderLayer`: [b, tokens, hidden] -> same. */
export function clipEncoderLayer(graph: GraphBuilder, name: string, x: Value, config: ClipVisionConfig): Value {
  const { layer_norm_eps, num_attention_heads } = config;
  return graph.scope(name, () => {
    const normed = layerNorm(graph, 'layer_norm1', x, layer_norm_eps);
    const hidden = add(graph, x, clipAttention(graph, 'self_attn', normed, num_attention_heads));
    return add(graph, hidden, clipMlp(graph, 'mlp', layerNorm(graph, 'layer_norm2', hidden, layer_norm_eps), config));
  });
}

/** transformers `CLIPAttention`: [b, tokens, hidden] -> same. */
export function clipAttention(graph: GraphBuilder, name: string, x: Value, heads: number): Value {
  return graph.scope(name, () => {
    const hidden = axisSize(x, -1);
    const query = linear(graph, 'q_proj', x, hidden);
    const key = linear(graph, 'k_proj', x, hidden);
    const value = linear(graph, 'v_proj', x, hidden);
    return linear(graph, 'out_proj', multiHeadAttention(graph, { query, key, value }, heads), hidden);
  });
}

/** transformers `CLIPMLP`: [..., hidden] -> same. */
export function clipMlp(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { hidden_act, intermediate_size }: ClipVisionConfig,
): Value {
  return graph.scope(name, () => {
    const inner = activation(graph, hidden_act, linear(graph, 'fc1', x, intermediate_size));
    return linear(graph, 'fc2', inner, axisSize(x, -1));
  });
}
