import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePythonJson } from '../models/parse-config.ts';
import type { TensorsByName } from '../models/sgm-modules.ts';

/** The parts of a model folder in diffusers' layout. */
const partNames = ['unet', 'vae', 'image_encoder', 'scheduler', 'feature_extractor'];

/**
 * What a folder without model_index.json is instead of a model folder, and what to do; undefined where it is one but for
 * that file.
 */
export async function explainNotAModel(folder: string): Promise<string | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return undefined;
  const names = entries.map(({ name }) => name).sort();
  if (partNames.some((name) => names.includes(name))) return undefined;
  const wanted = 'a model folder has model_index.json, unet/, vae/, image_encoder/, scheduler/ and feature_extractor/';
  if (names.length === 0) return `${folder} is empty; ${wanted}. kinora model pull fetches one.`;

  const className = names.includes('config.json') ? await classNameIn(join(folder, 'config.json')) : undefined;
  if (className !== undefined) {
    return `${folder} is one part of a model (config.json is of ${className}): name the folder above it, which has model_index.json.`;
  }
  const models: string[] = [];
  for (const name of names.slice(0, 100)) {
    if ((await classNameIn(join(folder, name, 'model_index.json'))) !== undefined) models.push(name);
  }
  if (models.length > 0) return `${folder} is no model folder but holds some: name one of ${models.join(', ')}.`;

  const having = (...endings: string[]) => names.filter((name) => endings.some((ending) => name.endsWith(ending)));
  const [single, ...more] = having('.safetensors');
  if (single !== undefined) {
    const which = more.length === 0 ? join(folder, single) : `one of ${[single, ...more].join(', ')}`;
    return `${folder} has no model_index.json. To run a single-file checkpoint, name the file itself: ${which}.`;
  }
  const pickles = having('.ckpt', '.pt', '.pth', '.bin');
  if (pickles.length > 0) {
    return `${folder} has only ${pickles.join(', ')}, in PyTorch's own format, which is not read: loading it runs whatever code it holds. Fetch the .safetensors file.`;
  }
  return `${folder} has no model_index.json, but ${names.slice(0, 5).join(', ')}; ${wanted}.`;
}

/** The class that a config names; undefined where there is no such config. */
async function classNameIn(path: string): Promise<string | undefined> {
  try {
    const json = parsePythonJson(await readFile(path, 'utf8'));
    if (typeof json !== 'object' || json === null) return undefined;
    if ('_class_name' in json && typeof json._class_name === 'string') return json._class_name;
    if ('architectures' in json && Array.isArray(json.architectures)) return String(json.architectures[0]);
    return undefined;
  } catch {
    return undefined;
  }
}

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

/** What a file's names say of the model that it is for. */
const models: readonly [RegExp, string][] = [
  [/^(lora_te\d?_|text_encoder)/, 'a model that makes pictures of text (it changes a text encoder, and there is none)'],
  [/double_blocks|single_blocks|single_transformer_blocks/, 'Flux'],
  [/joint_blocks/, 'Stable Diffusion 3'],
  [/motion_modules/, 'AnimateDiff'],
  [/^(lora_unet_)?(diffusion_model\.)?blocks[._]\d+/, 'a transformer that makes videos (Wan, say)'],
];

/** Kinds of adapters that are no plain LoRA, by the tensors that only they have. */
const otherKinds: readonly [RegExp, string][] = [
  [/\.hada_w\d/, 'LoHa'],
  [/\.lokr_w\d|\.lokr_t\d/, 'LoKr'],
  [/\.lora_mid\./, 'LoCon with a third matrix (Tucker)'],
  [/lora_magnitude_vector|\.dora_scale$/, 'DoRA'],
  [/\.lora_B\.bias$/, 'LoRA with biases'],
  [/\.diff(_b)?$|\.(a1|b1)\.weight$/, 'difference of weights'],
];

/**
 * Why a LoRA cannot be taken, by the tensors that have no place in this UNet; undefined where there are none.
 * @param all how many tensors the file has
 */
export function explainForeignLora(unknown: readonly string[], all: number): string | undefined {
  const [first] = unknown;
  if (first === undefined) return undefined;
  const kind = otherKinds.find(([tensors]) => unknown.some((name) => tensors.test(name)));
  if (kind !== undefined) return `this is a ${kind[1]}, which is not supported; only plain LoRAs are.`;
  const model = models.find(([names]) => unknown.some((name) => names.test(name)));
  const whose = model === undefined ? 'another model' : model[1];
  const shown = unknown.slice(0, 3).join(', ');
  return `this is a LoRA for ${whose}: ${unknown.length} of its ${all} tensors have no place in this UNet, ${shown} among them.`;
}
