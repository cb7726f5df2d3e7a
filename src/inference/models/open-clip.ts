import type { ClipVisionConfig } from './clip-vision-config.ts';
import { countOf, diffusersName, type NamesInside, type SgmModule, sizeOf, type TensorsByName } from './sgm-modules.ts';

/** Channels of a head: 80 in OpenCLIP's ViT-H, the image encoder of SVD, 64 in the smaller ones. */
function headCount(width: number): number {
  return width % 80 === 0 ? width / 80 : Math.max(1, Math.floor(width / 64));
}

/** Where a tensor of OpenCLIP's lies in transformers' model. */
export interface OpenClipPlace {
  key: string;
  /** Only these rows of it. */
  rows?: readonly [from: number, to: number];
  /** It lies there transposed. */
  transposed?: true;
}

/** `ResidualAttentionBlock`, but for the projections that are fused. */
const blockNames: NamesInside = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};

const whole: Readonly<Record<string, OpenClipPlace>> = {
  'conv1.weight': { key: 'vision_model.embeddings.patch_embedding.weight' },
  class_embedding: { key: 'vision_model.embeddings.class_embedding' },
  positional_embedding: { key: 'vision_model.embeddings.position_embedding.weight' },
  proj: { key: 'visual_projection.weight', transposed: true },
};

const norms = new Map<string, SgmModule>([
  ['ln_pre', { path: 'vision_model.pre_layrnorm' }],
  ['ln_post', { path: 'vision_model.post_layernorm' }],
]);

/**
 * What a tensor of OpenCLIP's `VisionTransformer` is in transformers' `CLIPVisionModelWithProjection`: one tensor, or the
 * three that OpenCLIP has in one; none where its name is not known.
 */
export function openClipPlaces(name: string, config: ClipVisionConfig): readonly OpenClipPlace[] {
  const place = Object.hasOwn(whole, name) ? whole[name] : undefined;
  if (place !== undefined) return [place];
  const norm = diffusersName(name, norms);
  if (norm !== undefined) return [{ key: norm }];
  const [, layer, rest = ''] = /^transformer\.resblocks\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (layer === undefined) return [];
  const path = `vision_model.encoder.layers.${layer}`;
  const [, end] = /^attn\.in_proj_(weight|bias)$/.exec(rest) ?? [];
  if (end !== undefined) {
    const width = config.hidden_size;
    return ['q_proj', 'k_proj', 'v_proj'].map((projection, third) => ({
      key: `${path}.self_attn.${projection}.${end}`,
      rows: [third * width, (third + 1) * width],
    }));
  }
  const key = diffusersName(`block.${rest}`, new Map([['block', { path, inside: blockNames }]]));
  return key === undefined ? [] : [{ key }];
}

/** Whether the tensors are OpenCLIP's; ComfyUI saves them under transformers' names. */
export function isOpenClip(tensors: TensorsByName): boolean {
  return tensors.has('transformer.resblocks.0.attn.in_proj_weight');
}

/** The config that the shapes of an image encoder tell, by either naming, to be checked by its schema. */
export function clipConfigOfShapes(tensors: TensorsByName) {
  const names = isOpenClip(tensors)
    ? {
        patches: 'conv1.weight',
        positions: 'positional_embedding',
        layer: (index: number) => `transformer.resblocks.${index}.ln_1.weight`,
        inner: 'transformer.resblocks.0.mlp.c_fc.weight',
      }
    : {
        patches: 'vision_model.embeddings.patch_embedding.weight',
        positions: 'vision_model.embeddings.position_embedding.weight',
        layer: (index: number) => `vision_model.encoder.layers.${index}.layer_norm1.weight`,
        inner: 'vision_model.encoder.layers.0.mlp.fc1.weight',
      };
  const width = sizeOf(tensors, names.patches);
  const patchSize = sizeOf(tensors, names.patches, 2);
  return {
    hidden_size: width,
    intermediate_size: sizeOf(tensors, names.inner),
    projection_dim: isOpenClip(tensors) ? sizeOf(tensors, 'proj', 1) : sizeOf(tensors, 'visual_projection.weight'),
    num_hidden_layers: countOf(tensors, names.layer),
    num_attention_heads: headCount(width),
    num_channels: sizeOf(tensors, names.patches, 1),
    // Beside the patches stands the class token.
    image_size: Math.round(Math.sqrt(sizeOf(tensors, names.positions) - 1)) * patchSize,
    patch_size: patchSize,
    hidden_act: 'gelu',
  };
}
