import { GraphError } from '../../errors.ts';
import { type BuiltGraph, buildGraph, type GraphBuilder, type GraphSource } from '../graph/graph-builder.ts';
import { add, reshape } from '../graph/ops.ts';
import { elementCount, type Value } from '../graph/value.ts';
import { silu } from '../nn/activations.ts';
import { type Conditioning, inlineConditioning, separateConditioning } from '../nn/conditioning.ts';
import { timestepEmbedding, timesteps } from '../nn/embeddings.ts';
import { channelsFirst, channelsLast, conv2d, groupNormSilu } from '../nn/layers.ts';
import { downBlock, midBlock, type UnetContext, upBlock } from './unet-blocks.ts';
import { crossAttentionDim, type UnetConfig, unetBlocks } from './unet-config.ts';

/** The shape of one UNet call. */
export interface UnetSizes {
  batch: number;
  frames: number;
  /** Latent rows and columns. */
  height: number;
  width: number;
}

/**
 * diffusers `UNetSpatioTemporalConditionModel` (unet_spatio_temporal_condition.py).
 * Inputs: `sample` [batch·frames, in_channels, height, width], `timestep` [batch], `encoder_hidden_states`
 * [batch, 1, cross_attention_dim], `added_time_ids` [batch, 3]. Output: `out_sample` [batch·frames, out_channels,
 * height, width]. Frames of a clip lie one after another; diffusers has them on an axis of their own.
 */
export function unetSpatioTemporalConditionModel(graph: GraphBuilder, config: UnetConfig, sizes: UnetSizes): void {
  const encoderHiddenStates = graph.input('encoder_hidden_states', [sizes.batch, 1, crossAttentionDim(config)]);
  const addedTimeIds = timeIdsInput(graph, config, sizes);
  const conditioning = inlineConditioning(encoderHiddenStates);
  unetStep(graph, config, { ...sizes, conditioning, addedTimeIds });
}

/** How many time ids the model takes: fps, motion bucket and noise for SVD. */
export function addedTimeIdCount(config: UnetConfig): number {
  return config.projection_class_embeddings_input_dim / config.addition_time_embed_dim;
}

/**
 * Never float16, which has no whole numbers between those above 2,048, and none above 65,504: a motion bucket may be any.
 */
function timeIdsInput(graph: GraphBuilder, config: UnetConfig, { batch }: UnetSizes): Value {
  return graph.input('added_time_ids', [batch, addedTimeIdCount(config)], 'float32');
}

/** What a step needs besides the sample; `addedTimeIds` lies in the graph that `conditioning` builds in. */
interface UnetStepOptions extends UnetSizes {
  conditioning: Conditioning;
  addedTimeIds: Value;
}

/** All of the UNet that depends on the sample or the timestep; see {@link unetSpatioTemporalConditionModel}. */
function unetStep(graph: GraphBuilder, config: UnetConfig, options: UnetStepOptions): void {
  const { batch, frames, height, width, conditioning, addedTimeIds } = options;
  const blocks = unetBlocks(config);
  const baseChannels = config.block_out_channels[0] ?? 0;
  const timeEmbedDim = baseChannels * 4;

  // 1. time
  const timestep = graph.input('timestep', [batch], 'float32');
  const emb = timestepEmbedding(graph, 'time_embedding', timesteps(graph, timestep, baseChannels), { timeEmbedDim });
  const augEmb = conditioning.constant(graph, 'add_embedding', (own) => {
    const perId = timesteps(own, addedTimeIds, config.addition_time_embed_dim); // [b·ids, dim]
    const flat = reshape(own, perId, [batch, elementCount(perId.shape) / batch]);
    return timestepEmbedding(own, 'add_embedding', flat, { timeEmbedDim });
  });
  const context: UnetContext = { batch, frames, conditioning, temb: silu(graph, add(graph, emb, augEmb)) };

  // 2. pre-process
  const sample = graph.input('sample', [batch * frames, config.in_channels, height, width]);
  let hidden = conv2d(graph, 'conv_in', channelsLast(graph, sample), baseChannels);
  const skips: Value[] = [hidden];

  // 3. down
  for (const [i, block] of blocks.entries()) {
    const crossAttention = config.down_block_types[i] === 'CrossAttnDownBlockSpatioTemporal';
    const resample = i < blocks.length - 1;
    const states = downBlock(graph, `down_blocks.${i}`, hidden, { ...context, block, crossAttention, resample });
    skips.push(...states);
    hidden = states.at(-1) ?? hidden;
  }

  // 4. mid
  const innermost = blocks.at(-1);
  if (innermost !== undefined) hidden = midBlock(graph, 'mid_block', hidden, { ...context, block: innermost });

  // 5. up
  for (const [i, block] of blocks.toReversed().entries()) {
    const crossAttention = config.up_block_types[i] === 'CrossAttnUpBlockSpatioTemporal';
    const resample = i < blocks.length - 1;
    hidden = upBlock(graph, `up_blocks.${i}`, hidden, { ...context, block, crossAttention, resample, skips });
  }

  // 6. post-process
  hidden = groupNormSilu(graph, 'conv_norm_out', hidden, 1e-5);
  graph.output('out_sample', channelsFirst(graph, conv2d(graph, 'conv_out', hidden, config.out_channels)));
}

/** The UNet in two graphs: `conditioning` runs once per clip, and its outputs are inputs of `step`. */
export interface UnetGraphs {
  /** Inputs `encoder_hidden_states` and `added_time_ids`; outputs: what does not change between steps. */
  conditioning: BuiltGraph;
  /** Inputs `sample`, `timestep` and the outputs of `conditioning`; output `out_sample`. */
  step: BuiltGraph;
}

/** See {@link unetSpatioTemporalConditionModel} for inputs and output; about a tenth of the weights leave the step. */
export function buildUnetGraphs(config: UnetConfig, sizes: UnetSizes, source: GraphSource): UnetGraphs {
  let step: BuiltGraph | undefined;
  const conditioning = buildGraph('unet-conditioning', source, (clipGraph) => {
    const encoderHiddenStates = clipGraph.input('encoder_hidden_states', [sizes.batch, 1, crossAttentionDim(config)]);
    const addedTimeIds = timeIdsInput(clipGraph, config, sizes);
    const separate = separateConditioning(clipGraph, encoderHiddenStates);
    step = buildGraph('unet-step', source, (graph) => {
      unetStep(graph, config, { ...sizes, conditioning: separate, addedTimeIds });
    });
  });
  if (step === undefined) throw new GraphError('graph-unet', 'The step graph was not built.');
  return { conditioning, step };
}

/**
 * What the outermost up block takes from all blocks inside it, by name: DeepCache (Ma et al. 2023) keeps it for a few
 * steps, since it changes little from one to the next.
 * @throws GraphError the graph is not a step of this model
 */
export function deepFeatures(step: BuiltGraph, config: UnetConfig): string {
  const outermost = `up_blocks.${unetBlocks(config).length - 1}`;
  const isInside = (part: string) => /^(mid_block|up_blocks)/.test(part) && part !== outermost;
  const inside = new Set(step.nodes.filter((node) => isInside(unetPart(node))).flatMap((node) => node.outputs));
  const taken = step.nodes.filter((node) => unetPart(node) === outermost).flatMap((node) => node.inputs);
  const [features, ...others] = new Set(taken.filter((value) => inside.has(value)));
  if (features === undefined || others.length > 0) {
    throw new GraphError('graph-unet', `${outermost} takes ${others.length + 1} values from inside, not one.`);
  }
  return features;
}

/** The part of the step graph that a node belongs to: a block, or what stands before and after the blocks. */
export function unetPart(node: { name: string }): string {
  const [block] = /^(down_blocks\.\d+|mid_block|up_blocks\.\d+)/.exec(node.name) ?? [];
  if (block !== undefined) return block;
  return /^(conv_norm_out|conv_act|conv_out|output)\b/.test(node.name) ? 'after' : 'before';
}
