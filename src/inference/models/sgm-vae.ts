import {
  countOf,
  type NamesInside,
  type SgmModule,
  type SgmModules,
  sizeOf,
  type TensorsByName,
} from './sgm-modules.ts';
import type { VaeConfig } from './vae-config.ts';

/** `ResnetBlock`. */
const resnetNames: NamesInside = {
  norm1: 'norm1',
  conv1: 'conv1',
  norm2: 'norm2',
  conv2: 'conv2',
  nin_shortcut: 'conv_shortcut',
};

/** The decoder's `VideoResBlock`: a `ResnetBlock` that has `time_stack` and the mix factor besides. */
const videoResnetNames: NamesInside = {
  ...Object.fromEntries(Object.entries(resnetNames).map(([name, other]) => [name, `spatial_res_block.${other}`])),
  'time_stack.in_layers.0': 'temporal_res_block.norm1',
  'time_stack.in_layers.2': 'temporal_res_block.conv1',
  'time_stack.out_layers.0': 'temporal_res_block.norm2',
  'time_stack.out_layers.3': 'temporal_res_block.conv2',
  mix_factor: 'time_mixer.mix_factor',
};

/** `AttnBlock`, whose projections are convolutions of one pixel; diffusers has linear layers. */
const attentionNames: NamesInside = {
  norm: 'group_norm',
  q: 'to_q',
  k: 'to_k',
  v: 'to_v',
  proj_out: 'to_out.0',
};

/** The modules of an autoencoder's `Encoder`, with the `quant_conv` that may follow it. */
export function sgmEncoderModules(config: VaeConfig): SgmModules {
  const modules = commonModules('encoder', resnetNames);
  for (const level of config.block_out_channels.keys()) {
    const path = `encoder.down_blocks.${level}`;
    for (let layer = 0; layer < config.layers_per_block; layer++) {
      modules.set(`encoder.down.${level}.block.${layer}`, { path: `${path}.resnets.${layer}`, inside: resnetNames });
      const attention = { path: `${path}.attentions.${layer}`, inside: attentionNames };
      modules.set(`encoder.down.${level}.attn.${layer}`, attention);
    }
    modules.set(`encoder.down.${level}.downsample.conv`, { path: `${path}.downsamplers.0.conv` });
  }
  return modules.set('quant_conv', { path: 'quant_conv' });
}

/** The modules of a `VideoDecoder`, which numbers its levels from the frames inwards. */
export function sgmDecoderModules(config: VaeConfig): SgmModules {
  const modules = commonModules('decoder', videoResnetNames);
  const count = config.block_out_channels.length;
  for (const index of config.block_out_channels.keys()) {
    const level = count - 1 - index;
    const path = `decoder.up_blocks.${index}`;
    for (let layer = 0; layer <= config.layers_per_block; layer++) {
      const resnet = { path: `${path}.resnets.${layer}`, inside: videoResnetNames };
      modules.set(`decoder.up.${level}.block.${layer}`, resnet);
    }
    modules.set(`decoder.up.${level}.upsample.conv`, { path: `${path}.upsamplers.0.conv` });
  }
  return modules.set('decoder.conv_out.time_mix_conv', { path: 'decoder.time_conv_out' });
}

function commonModules(part: 'encoder' | 'decoder', inside: NamesInside): Map<string, SgmModule> {
  return new Map<string, SgmModule>([
    [`${part}.conv_in`, { path: `${part}.conv_in` }],
    [`${part}.mid.block_1`, { path: `${part}.mid_block.resnets.0`, inside }],
    [`${part}.mid.attn_1`, { path: `${part}.mid_block.attentions.0`, inside: attentionNames }],
    [`${part}.mid.block_2`, { path: `${part}.mid_block.resnets.1`, inside }],
    [`${part}.norm_out`, { path: `${part}.conv_norm_out` }],
    [`${part}.conv_out`, { path: `${part}.conv_out` }],
  ]);
}

/** Whether a decoder's tensors are those of a `VideoDecoder`, which sees several frames at a time. */
export function isVideoDecoder(tensors: TensorsByName): boolean {
  return tensors.has('decoder.mid.block_1.mix_factor') && tensors.has('decoder.conv_out.time_mix_conv.weight');
}

/** The config that the shapes of an encoder and a decoder tell, to be checked by its schema. */
export function sgmVaeConfig(encoder: TensorsByName, decoder: TensorsByName) {
  const levels = countOf(encoder, (level) => `encoder.down.${level}.block.0.conv1.weight`);
  const ofEach = <T>(make: (level: number) => T) => Array.from({ length: levels }, (_, level) => make(level));
  return {
    in_channels: sizeOf(encoder, 'encoder.conv_in.weight', 1),
    out_channels: sizeOf(decoder, 'decoder.conv_out.weight'),
    latent_channels: sizeOf(decoder, 'decoder.conv_in.weight', 1),
    block_out_channels: ofEach((level) => sizeOf(encoder, `encoder.down.${level}.block.0.conv1.weight`)),
    down_block_types: ofEach((level) =>
      encoder.has(`encoder.down.${level}.attn.0.q.weight`) ? 'AttnDownEncoderBlock2D' : 'DownEncoderBlock2D',
    ),
    layers_per_block: countOf(encoder, (layer) => `encoder.down.0.block.${layer}.conv1.weight`),
  };
}
