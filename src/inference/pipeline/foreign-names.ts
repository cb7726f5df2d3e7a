import type { TensorsByName } from '../models/sgm-modules.ts';

/** What was found of a single-file checkpoint, and all of its names. */
interface FoundParts {
  unet: TensorsByName;
  firstStage: TensorsByName;
  /** The autoencoder among the conditioner's embedders. */
  embedded: TensorsByName;
  clip: TensorsByName;
  names: readonly string[];
}

/**
 * Says what a safetensors file is that is no single-file Stable Video Diffusion model, and what to do, as the rest of a
 * sentence after its path; undefined where nothing speaks against it.
 */
export function describeForeignNames({ unet, firstStage, embedded, clip, names }: FoundParts): string | undefined {
  if (names.some((name) => /\.(lora_[AB]|lora_(down|up)|lora\.(down|up))\b/.test(name))) {
    return 'holds a LoRA, not a model: give it with --lora FILE beside a model.';
  }
  if (unet.size > 0) {
    if (![...unet.keys()].some((name) => name.includes('.time_stack.'))) {
      return 'is a checkpoint that makes pictures (its UNet has no layers over time): take a Stable Video Diffusion one, such as svd_xt.safetensors.';
    }
    const missing = [
      ...(firstStage.has('decoder.conv_in.weight') ? [] : ['the decoder (first_stage_model.decoder.*)']),
      ...(firstStage.has('encoder.conv_in.weight') || embedded.has('encoder.conv_in.weight')
        ? []
        : ['the encoder (first_stage_model.encoder.*)']),
      ...(clip.size > 0 ? [] : ['the image encoder (conditioner.embedders.0.open_clip.model.visual.*)']),
    ];
    if (missing.length === 0) return undefined;
    return `has a UNet, but lacks ${missing.join(', ')}: take a checkpoint that is whole, or a model folder.`;
  }
  const has = (...wanted: string[]) => wanted.every((name) => names.includes(name));
  if (has('conv_in.weight', 'down_blocks.0.resnets.0.temporal_res_block.conv1.weight')) {
    return 'is the UNet of a model folder: it belongs there as unet/diffusion_pytorch_model.safetensors (kinora model pull --unet puts it there); name the folder.';
  }
  if (has('encoder.conv_in.weight', 'decoder.conv_in.weight')) {
    return 'is an autoencoder alone: it belongs into a model folder as vae/diffusion_pytorch_model.safetensors; name the folder.';
  }
  if (names.some((name) => name.startsWith('vision_model.'))) {
    return 'is an image encoder alone: it belongs into a model folder as image_encoder/model.safetensors; name the folder.';
  }
  const shown = names.slice(0, 3).join(', ');
  return `is no Stable Video Diffusion model: it has no tensors below model.diffusion_model, but ${shown || 'none at all'}.`;
}
