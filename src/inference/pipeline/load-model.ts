import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { loopNames } from '../../settings/clip-form.ts';
import { proposalShape } from '../../settings/image-to-video.ts';
import { type ClipVisionConfig, clipVisionConfigSchema } from '../models/clip-vision-config.ts';
import { readConfig } from '../models/parse-config.ts';
import { crossAttentionDim, type UnetConfig, unetConfigSchema } from '../models/unet-config.ts';
import { addedTimeIdCount } from '../models/unet-spatio-temporal-condition-model.ts';
import { type VaeConfig, vaeConfigSchema } from '../models/vae-config.ts';
import { parseSchedulerConfig, type SchedulerConfig, svdSchedulerJson } from '../schedulers/scheduler-config.ts';
import { explainNotAModel } from './explain-foreign.ts';
import type { Lora } from './loras.ts';
import { readSingleFile, type SingleFile } from './single-file.ts';

const modelIndexSchema = z.object({
  _class_name: z.literal('StableVideoDiffusionPipeline', {
    error: ({ input }) => `must be StableVideoDiffusionPipeline; a model for ${input} cannot be run`,
  }),
  /** Library and class of the scheduler. */
  scheduler: z.tuple([z.string(), z.string()]).optional().catch(undefined),
});

/** One value per colour; a single one is for all three, and transformers' own stand in for none. */
function perColour(value: z.ZodNumber, defaults: readonly [number, number, number]) {
  return z
    .union([value.transform((one): [number, number, number] => [one, one, one]), z.tuple([value, value, value])])
    .nullish()
    .transform((given): readonly [number, number, number] => given ?? defaults);
}

/**
 * preprocessor_config.json, as far as the pipeline uses it: it neither resizes nor crops with it. Defaults are those of
 * transformers' `CLIPImageProcessor` (`OPENAI_CLIP_MEAN`, `OPENAI_CLIP_STD`).
 */
const preprocessorSchema = z.object({
  image_mean: perColour(z.number(), [0.48145466, 0.4578275, 0.40821073]),
  image_std: perColour(z.number().positive(), [0.26862954, 0.26130258, 0.27577711]),
});

/** kinora.json, optional: what a model proposes where diffusers' own defaults do not suit it. */
const proposalsSchema = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  /** A sentence about the model for whoever looks at it. */
  description: z.string().max(500).optional(),
  ...proposalShape,
  /** How its clips repeat where nobody chooses. */
  loop: z.enum(loopNames).optional(),
  /** The picture is mirrored and laid on its side by the seed, so that one move becomes four. */
  turn_by_seed: z.boolean().optional(),
  /** With `turn_by_seed`: so many pixels beyond the edge that a pan comes to are generated and cut off. */
  pan_margin: z.number().int().min(0).max(256).optional(),
  /**
   * The UNet computes in float32 in whatever precision the rest does, as a VAE's config says of its encoder: its values do
   * not bear half precision.
   */
  unet_force_upcast: z.boolean().optional(),
  /** With `turn_by_seed`: what is added to the motion bucket for a zoom, which the seed then chooses as well. */
  zoom_bucket: z.number().int().min(1).max(65_535).optional(),
});

/** Every config of a model, checked; no weights have been read. */
export interface ModelConfigs {
  /** The folder, or the single file. */
  dir: string;
  /** Shown to people and written into clips. */
  name: string;
  unet: UnetConfig;
  vae: VaeConfig;
  imageEncoder: ClipVisionConfig;
  preprocessor: z.output<typeof preprocessorSchema>;
  scheduler: SchedulerConfig;
  proposals: z.output<typeof proposalsSchema>;
  /** Of a single file: where each network's tensors lie in it. A folder is looked through when a network is opened. */
  weights?: SingleFile['weights'];
  /** What is added to the UNet when it is loaded; see `withLoras`. */
  loras?: readonly Lora[];
  /** What a person should know: what was taken instead of what is usual. */
  notes: readonly string[];
}

/**
 * Reads the configs of a model: of a folder in diffusers' layout, or of a single file, whose shapes tell them.
 * @throws ConfigError it is not a Stable Video Diffusion model, or a config is missing or wrong
 * @throws SafetensorsError a single file breaks the format
 */
export async function readModelConfigs(model: string): Promise<ModelConfigs> {
  const path = resolve(model);
  const isFile = await stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
  const configs = isFile ? await readFileConfigs(path) : await readFolderConfigs(path);
  const { unet, vae, imageEncoder } = configs;
  const mismatches = [
    unet.in_channels === 2 * vae.latent_channels || 'unet in_channels must be twice the latent_channels of vae',
    unet.out_channels === vae.latent_channels || 'unet out_channels must be the latent_channels of vae',
    vae.in_channels === 3 || 'vae in_channels must be 3',
    vae.out_channels === 3 || 'vae out_channels must be 3',
    imageEncoder.num_channels === 3 || 'image_encoder num_channels must be 3',
    imageEncoder.projection_dim === crossAttentionDim(unet) ||
      'the projection_dim of image_encoder must be the cross_attention_dim of unet',
    addedTimeIdCount(unet) === 3 || 'unet must take three added time ids',
  ].filter((outcome) => outcome !== true);
  if (mismatches.length > 0) {
    throw new ConfigError('model-config-invalid', `${path} is not a whole: ${mismatches.join('; ')}.`);
  }
  return configs;
}

async function readFileConfigs(path: string): Promise<ModelConfigs> {
  return {
    dir: path,
    name: basename(path, extname(path)),
    ...(await readSingleFile(path)),
    preprocessor: preprocessorSchema.parse({}),
    scheduler: parseSchedulerConfig(svdSchedulerJson),
    proposals: {},
  };
}

async function readFolderConfigs(dir: string): Promise<ModelConfigs> {
  const at = (...parts: string[]) => join(dir, ...parts);
  const index = await readConfig(at('model_index.json'), modelIndexSchema).catch(async (error: unknown) => {
    const explanation = isMissing(error) ? await explainNotAModel(dir) : undefined;
    throw explanation === undefined ? error : new ConfigError('not-a-model', explanation, { cause: error });
  });
  const [unet, vae, imageEncoder, preprocessor, proposals] = await Promise.all([
    readConfig(at('unet', 'config.json'), unetConfigSchema),
    readConfig(at('vae', 'config.json'), vaeConfigSchema),
    readConfig(at('image_encoder', 'config.json'), clipVisionConfigSchema),
    readConfig(at('feature_extractor', 'preprocessor_config.json'), preprocessorSchema),
    readProposals(at('kinora.json')),
  ]);
  const schedulerPath = at('scheduler', 'scheduler_config.json');
  const schedulerJson = await readConfig(schedulerPath, z.unknown());
  const indexClass = index.scheduler?.[1];
  const scheduler = parseSchedulerConfig(schedulerJson, schedulerPath, indexClass);
  const notes: string[] = [];
  if (indexClass !== undefined && indexClass !== scheduler.className) {
    notes.push(
      `${schedulerPath} is of ${scheduler.className}, which is taken; model_index.json names ${indexClass}, which diffusers would take.`,
    );
  }
  const name = proposals.name ?? basename(dir);
  return { dir, name, unet, vae, imageEncoder, preprocessor, scheduler, proposals, notes };
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof ConfigError &&
    error.cause instanceof Error &&
    'code' in error.cause &&
    error.cause.code === 'ENOENT'
  );
}

async function readProposals(path: string): Promise<z.infer<typeof proposalsSchema>> {
  const exists = await readFile(path).then(
    () => true,
    () => false,
  );
  return exists ? readConfig(path, proposalsSchema) : {};
}
