import { basename } from 'node:path';
import type { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { type ClipVisionConfig, clipVisionConfigSchema } from '../models/clip-vision-config.ts';
import { clipConfigOfShapes, isOpenClip, openClipPlaces } from '../models/open-clip.ts';
import { diffusersName, type SgmModules, type TensorsByName } from '../models/sgm-modules.ts';
import { sgmUnetConfig, sgmUnetModules } from '../models/sgm-unet.ts';
import { isVideoDecoder, sgmDecoderModules, sgmEncoderModules, sgmVaeConfig } from '../models/sgm-vae.ts';
import { type UnetConfig, unetConfigSchema } from '../models/unet-config.ts';
import { type VaeConfig, vaeConfigSchema } from '../models/vae-config.ts';
import type { Weights } from '../safetensors/open-weights.ts';
import { readSafetensors, type TensorEntry } from '../safetensors/read-safetensors.ts';
import { describeForeignNames } from './explain-foreign.ts';

/** Where the networks stand in a single file of Stability's layout, which ComfyUI uses too. */
const prefixes = {
  unet: 'model.diffusion_model.',
  firstStage: 'first_stage_model.',
  /** The autoencoder that encodes the picture, in files of generative-models. */
  frameEncoder: /^conditioner\.embedders\.\d+\.encoder\./,
  imageEncoder: /^conditioner\.embedders\.\d+\.open_clip\.model\.visual\./,
} as const;

/** Tensors that such files have besides and no network of diffusers' has a place for. */
const passedOver = [
  // OpenCLIP's text encoder, as far as it was left.
  /^conditioner\.embedders\.\d+\.open_clip\.(?!model\.visual\.)/,
  // The rest of an autoencoder of which only the encoder is used.
  /^conditioner\.embedders\.\d+\.encoder\.(decoder|post_quant_conv|loss)\./,
  // Training leaves these.
  /^(model_ema|first_stage_model\.loss|denoiser|loss_fn)\./,
];

/** A single file as a model: configs by its shapes, and each network's weights under diffusers' names. */
export interface SingleFile {
  unet: UnetConfig;
  vae: VaeConfig;
  imageEncoder: ClipVisionConfig;
  weights: Readonly<Record<'unet' | 'vae' | 'image_encoder', Weights>>;
  /** What a person should know. */
  notes: string[];
}

/**
 * Reads the header of a single-file checkpoint.
 * @throws ConfigError it is no Stable Video Diffusion model; the message says what it is
 * @throws SafetensorsError it is no safetensors file
 */
export async function readSingleFile(path: string): Promise<SingleFile> {
  const { tensors, metadata } = await readSafetensors(path);
  return presentSingleFile(path, tensors, metadata);
}

/** See {@link readSingleFile}. */
export function presentSingleFile(
  path: string,
  tensors: ReadonlyMap<string, TensorEntry>,
  metadata: ReadonlyMap<string, string> = new Map(),
): SingleFile {
  const unet = below(tensors, prefixes.unet);
  const firstStage = below(tensors, prefixes.firstStage);
  const embedded = below(tensors, prefixes.frameEncoder);
  const clip = below(tensors, prefixes.imageEncoder);
  const problem = describeForeignNames({ unet, firstStage, embedded, clip, names: [...tensors.keys()] });
  if (problem !== undefined) throw new ConfigError('not-a-model', `${path} ${problem}`);
  if (!isVideoDecoder(firstStage)) {
    const text =
      'has a decoder for single pictures (it is an svd_image_decoder file): take the one without "image_decoder".';
    throw new ConfigError('not-a-model', `${path} ${text}`);
  }

  const notes: string[] = [];
  const encoder = embedded.has('encoder.conv_in.weight') ? embedded : firstStage;
  const numFrames = trainedFrames(path, metadata, notes);
  const unetConfig = parse(path, unetConfigSchema, { ...sgmUnetConfig(unet), num_frames: numFrames, sample_size: 96 });
  const vaeConfig = parse(path, vaeConfigSchema, { ...sgmVaeConfig(encoder, firstStage), force_upcast: true });
  const clipConfig = parse(path, clipVisionConfigSchema, clipConfigOfShapes(clip));

  const weights = {
    unet: renamed(unet, sgmUnetModules(unetConfig)),
    vae: new Map([
      ...renamed(encoder, sgmEncoderModules(vaeConfig), isOfEncoder),
      ...renamed(firstStage, sgmDecoderModules(vaeConfig), (name) => !isOfEncoder(name)),
    ]),
    image_encoder: isOpenClip(clip) ? openClipWeights(clip, clipConfig) : new Map(clip),
  };
  if (!weights.vae.has('quant_conv.weight')) {
    for (const [key, entry] of identityConv('quant_conv', 2 * vaeConfig.latent_channels, path))
      weights.vae.set(key, entry);
  }
  const known = new Set(
    [unet, firstStage, embedded, clip].flatMap((part) => [...part.values()].map(({ name }) => name)),
  );
  for (const [name, entry] of tensors) {
    // What belongs nowhere is listed with the UNet's, under its own name.
    if (!known.has(name) && !passedOver.some((pattern) => pattern.test(name))) weights.unet.set(name, entry);
  }
  if (/animate-?lcm/i.test(basename(path))) {
    notes.push(
      'The file is named after AnimateLCM: its weights are made for four steps without guidance, --preset animate-lcm.',
    );
  }
  return { unet: unetConfig, vae: vaeConfig, imageEncoder: clipConfig, weights, notes };
}

/** The tensors below a prefix, by the rest of their names; those that are passed over are left out. */
function below(tensors: ReadonlyMap<string, TensorEntry>, prefix: string | RegExp): TensorsByName {
  const found = new Map<string, TensorEntry>();
  for (const [name, entry] of tensors) {
    const [head] =
      typeof prefix === 'string' ? [name.startsWith(prefix) ? prefix : undefined] : (prefix.exec(name) ?? []);
    if (head === undefined || passedOver.some((pattern) => pattern.test(name))) continue;
    found.set(name.slice(head.length), entry);
  }
  return found;
}

function isOfEncoder(name: string): boolean {
  return name.startsWith('encoder.') || name.startsWith('quant_conv.');
}

/** Under diffusers' names; what has none keeps its own, to be listed as unknown. */
function renamed(
  tensors: TensorsByName,
  modules: SgmModules,
  isOwn: (name: string) => boolean = () => true,
): Map<string, TensorEntry> {
  const weights = new Map<string, TensorEntry>();
  for (const [name, entry] of tensors) {
    if (!isOwn(name)) continue;
    const key = diffusersName(name, modules);
    weights.set(key ?? entry.name, key === undefined ? entry : asLinear(key, entry));
  }
  return weights;
}

/** The VAE's attention projects with convolutions of one pixel, whose bytes are those of a linear layer. */
function asLinear(key: string, entry: TensorEntry): TensorEntry {
  const [rows, columns, ...rest] = entry.shape;
  const isProjection = /\.attentions\.\d+\.to_(q|k|v|out\.0)\.weight$/.test(key) && rest.join() === '1,1';
  return isProjection ? { ...entry, shape: [rows ?? 0, columns ?? 0] } : entry;
}

function openClipWeights(tensors: TensorsByName, config: ClipVisionConfig): Map<string, TensorEntry> {
  const weights = new Map<string, TensorEntry>();
  for (const [name, entry] of tensors) {
    const places = openClipPlaces(name, config);
    if (places.length === 0) weights.set(entry.name, entry);
    for (const { key, rows, transposed } of places) {
      const part = rows === undefined ? entry : rowsOf(entry, rows);
      weights.set(key, transposed ? { ...part, shape: part.shape.toReversed(), transposed } : part);
    }
  }
  return weights;
}

/** Some rows of a tensor as a tensor of its own: a range of the same bytes, named `name[from:to]`. */
function rowsOf(entry: TensorEntry, [from, to]: readonly [number, number]): TensorEntry {
  const rowBytes = entry.sizeBytes / (entry.shape[0] ?? 1);
  return {
    ...entry,
    name: `${entry.name}[${from}:${to}]`,
    shape: entry.shape.with(0, to - from),
    offset: entry.offset + from * rowBytes,
    sizeBytes: (to - from) * rowBytes,
  };
}

/** A convolution of one pixel that changes nothing: an autoencoder without `quant_conv` gives the moments themselves. */
function identityConv(name: string, channels: number, file: string): [string, TensorEntry][] {
  const weight = Float32Array.from({ length: channels * channels }, (_, at) => (at % (channels + 1) === 0 ? 1 : 0));
  const tensors = [
    ['weight', [channels, channels, 1, 1], weight],
    ['bias', [channels], new Float32Array(channels)],
  ] as const;
  return tensors.map(([end, shape, values]) => {
    const bytes = new Uint8Array(values.buffer);
    const key = `${name}.${end}`;
    return [key, { name: key, dtype: 'F32', shape, file, offset: 0, sizeBytes: bytes.length, bytes }];
  });
}

function parse<Schema extends z.ZodType>(path: string, schema: Schema, config: unknown): z.output<Schema> {
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  const text = 'has tensors whose shapes make no Stable Video Diffusion model';
  throw new ConfigError('not-a-model', `${path} ${text}: ${problems}.`, { cause: result.error });
}

/**
 * For how many frames the model was trained. Shapes do not tell: svd and svd_xt have the same. What the file says of itself
 * does, or its name.
 */
function trainedFrames(path: string, metadata: ReadonlyMap<string, string>, notes: string[]): number {
  const said = ['modelspec.title', 'modelspec.architecture'].map((key) => metadata.get(key) ?? '').join(' ');
  for (const text of [said, basename(path)]) {
    if (/(^|[^a-z])xt([^a-z]|$)/i.test(text)) return 25;
    if (/(^|[^a-z])(svd|img2vid|stable[ _-]video[ _-]diffusion)([^a-z]|$)/i.test(text)) {
      notes.push(
        'By its name the file was trained for 14 frames (svd), not for 25 (svd_xt); --frames asks for others.',
      );
      return 14;
    }
  }
  return 25;
}
