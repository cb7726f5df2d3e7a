import {
  countOf,
  type NamesInside,
  type SgmModule,
  type SgmModules,
  sizeOf,
  type TensorsByName,
} from './sgm-modules.ts';
import { type UnetConfig, unetBlocks } from './unet-config.ts';

/** generative-models gives every head of SVD's attention 64 channels. */
const headChannels = 64;
/** fps, motion bucket and noise. */
const timeIdCount = 3;

/** `VideoResBlock`: a spatial block, and `time_stack` beside it. */
const resnetNames: NamesInside = {
  'in_layers.0': 'spatial_res_block.norm1',
  'in_layers.2': 'spatial_res_block.conv1',
  'emb_layers.1': 'spatial_res_block.time_emb_proj',
  'out_layers.0': 'spatial_res_block.norm2',
  'out_layers.3': 'spatial_res_block.conv2',
  skip_connection: 'spatial_res_block.conv_shortcut',
  'time_stack.in_layers.0': 'temporal_res_block.norm1',
  'time_stack.in_layers.2': 'temporal_res_block.conv1',
  'time_stack.emb_layers.1': 'temporal_res_block.time_emb_proj',
  'time_stack.out_layers.0': 'temporal_res_block.norm2',
  'time_stack.out_layers.3': 'temporal_res_block.conv2',
  time_mixer: 'time_mixer',
};

/** `SpatialVideoTransformer`; the blocks' own names are the same. */
const transformerNames: NamesInside = {
  norm: 'norm',
  proj_in: 'proj_in',
  proj_out: 'proj_out',
  transformer_blocks: 'transformer_blocks',
  time_stack: 'temporal_transformer_blocks',
  'time_pos_embed.0': 'time_pos_embed.linear_1',
  'time_pos_embed.2': 'time_pos_embed.linear_2',
  time_mixer: 'time_mixer',
};

/** Modules that stand by themselves in generative-models' `VideoUNet`. */
const single: Readonly<Record<string, string>> = {
  'time_embed.0': 'time_embedding.linear_1',
  'time_embed.2': 'time_embedding.linear_2',
  'label_emb.0.0': 'add_embedding.linear_1',
  'label_emb.0.2': 'add_embedding.linear_2',
  'input_blocks.0.0': 'conv_in',
  'out.0': 'conv_norm_out',
  'out.2': 'conv_out',
};

/** The modules of generative-models' `VideoUNet` for a config: blocks are numbered through, whatever level they are of. */
export function sgmUnetModules(config: UnetConfig): SgmModules {
  const modules = new Map<string, SgmModule>(Object.entries(single).map(([name, path]) => [name, { path }]));
  const addLayer = (name: string, path: string, { layer, attention }: { layer: number; attention: boolean }) => {
    modules.set(`${name}.0`, { path: `${path}.resnets.${layer}`, inside: resnetNames });
    if (attention) modules.set(`${name}.1`, { path: `${path}.attentions.${layer}`, inside: transformerNames });
  };

  const blocks = unetBlocks(config);
  let at = 1;
  for (const [index, { layers }] of blocks.entries()) {
    const attention = config.down_block_types[index] === 'CrossAttnDownBlockSpatioTemporal';
    const path = `down_blocks.${index}`;
    for (let layer = 0; layer < layers; layer++) addLayer(`input_blocks.${at++}`, path, { layer, attention });
    if (index < blocks.length - 1) {
      modules.set(`input_blocks.${at++}.0`, { path: `${path}.downsamplers.0`, inside: { op: 'conv' } });
    }
  }
  modules.set('middle_block.0', { path: 'mid_block.resnets.0', inside: resnetNames });
  modules.set('middle_block.1', { path: 'mid_block.attentions.0', inside: transformerNames });
  modules.set('middle_block.2', { path: 'mid_block.resnets.1', inside: resnetNames });
  at = 0;
  for (const [index, { layers }] of blocks.toReversed().entries()) {
    const attention = config.up_block_types[index] === 'CrossAttnUpBlockSpatioTemporal';
    const path = `up_blocks.${index}`;
    for (let layer = 0; layer <= layers; layer++) addLayer(`output_blocks.${at++}`, path, { layer, attention });
    if (index < blocks.length - 1) {
      const name = `output_blocks.${at - 1}.${attention ? 2 : 1}`;
      modules.set(name, { path: `${path}.upsamplers.0`, inside: { conv: 'conv' } });
    }
  }
  return modules;
}

/**
 * The config that the shapes of a `VideoUNet` tell, to be checked by its schema. They do not tell for how many frames and
 * which size it was trained.
 */
export function sgmUnetConfig(tensors: TensorsByName) {
  const levels = inputLevels(tensors);
  const attention = levels.map(({ depth }) => depth > 0);
  const depthOfMiddle = transformerDepth(tensors, 'middle_block.1');
  const adm = sizeOf(tensors, 'label_emb.0.0.weight', 1);
  return {
    in_channels: sizeOf(tensors, 'input_blocks.0.0.weight', 1),
    out_channels: sizeOf(tensors, 'out.2.weight'),
    block_out_channels: levels.map(({ channels }) => channels),
    down_block_types: attention.map((has) => (has ? 'CrossAttnDownBlockSpatioTemporal' : 'DownBlockSpatioTemporal')),
    up_block_types: attention
      .toReversed()
      .map((has) => (has ? 'CrossAttnUpBlockSpatioTemporal' : 'UpBlockSpatioTemporal')),
    layers_per_block: levels.map(({ layers }) => layers),
    // The middle block has the innermost level's.
    transformer_layers_per_block: levels.map(({ depth }, at) =>
      at === levels.length - 1 ? depthOfMiddle : Math.max(1, depth),
    ),
    num_attention_heads: levels.map(({ channels }) => Math.max(1, Math.floor(channels / headChannels))),
    cross_attention_dim: sizeOf(tensors, 'middle_block.1.transformer_blocks.0.attn2.to_k.weight', 1),
    addition_time_embed_dim: adm / timeIdCount,
    projection_class_embeddings_input_dim: adm,
  };
}

interface Level {
  channels: number;
  layers: number;
  /** Transformer blocks after each resnet; 0: none stand there. */
  depth: number;
}

function inputLevels(tensors: TensorsByName): Level[] {
  const levels: Level[] = [{ channels: 0, layers: 0, depth: 0 }];
  for (let at = 1; ; at++) {
    if (tensors.has(`input_blocks.${at}.0.op.weight`)) {
      levels.push({ channels: 0, layers: 0, depth: 0 });
      continue;
    }
    const channels = sizeOf(tensors, `input_blocks.${at}.0.out_layers.3.weight`);
    const level = levels.at(-1);
    if (channels === 0 || level === undefined) return levels;
    level.channels = channels;
    level.layers++;
    level.depth = transformerDepth(tensors, `input_blocks.${at}.1`);
  }
}

function transformerDepth(tensors: TensorsByName, transformer: string): number {
  return countOf(tensors, (index) => `${transformer}.transformer_blocks.${index}.attn1.to_q.weight`);
}
