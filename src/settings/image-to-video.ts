import { z } from 'zod';
import { type Declaration, type Declarations, type SettingValues, shapeOf, stored } from './declaration.ts';
import { interval, number, oneOf, type Range, seed, wholeNumber } from './kinds.ts';

/**
 * Samplers, by what they compute. `euler-ancestral-discrete` is what diffusers makes of
 * `EulerAncestralDiscreteScheduler.from_config`; `animate-lcm` is for the weights of AnimateLCM-SVD-xt.
 */
const samplerNames = ['euler', 'euler-ancestral-discrete', 'euler-ancestral', 'animate-lcm'] as const;

/** Sigma schedules. `ays` is Align Your Steps for SVD; `model` is what the model's own scheduler config describes. */
const scheduleNames = ['karras', 'ays', 'model'] as const;

/** As far as decoders were tried; models were trained for 14 or 25. */
const maxFrames = 1000;

/** More noise than any model was trained on. */
const maxSigma = 100_000;

/** Amounts of motion that have names. */
const namedMotion = { subtle: 60, normal: 127, strong: 180, wild: 240 } as const;

/** Such as `subtle (60), normal (127)`. */
const namedMotionText = Object.entries(namedMotion)
  .map(([name, value]) => `${name} (${value})`)
  .join(', ');

/**
 * Every setting of Stable Video Diffusion: all that decides a clip besides the picture, the weights and the file's form.
 * Names as in diffusers' `StableVideoDiffusionPipeline.__call__`, in camelCase. Their order is that of the options of
 * `/animate` and of `kinora animate --help`. CONTRIBUTING.md tells how to add one.
 */
export const imageToVideo = {
  /** 127 is normal, 1…255 were trained; any whole number from 0, as in diffusers. */
  motionBucketId: {
    type: wholeNumber({ from: 0, to: Number.MAX_SAFE_INTEGER }),
    diffusersName: 'motion_bucket_id',
    default: 127,
    option: {
      name: 'motion',
      value: 'N|NAME',
      help: `how much moves: ${namedMotionText}; 1 to 255 were trained, 0 and more are taken`,
    },
    discord: {
      name: 'motion',
      range: { from: 1, to: 255 },
      named: namedMotion,
      isInForm: true,
    },
  },
  /** 0…2^32−1, as `torch.manual_seed`; drawn where nobody chooses. */
  seed: {
    type: seed(),
    option: { name: 'seed', value: 'N', help: 'any number of 64 bits, as torch.manual_seed takes it (drawn by lot)' },
    discord: {
      name: 'seed',
      // As far as Discord's whole numbers go; torch takes their lowest 32 bits.
      range: { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER },
      isInForm: true,
    },
  },
  numInferenceSteps: {
    type: wholeNumber(({ maxSteps }) => ({ from: 1, to: maxSteps })),
    diffusersName: 'num_inference_steps',
    default: 25,
    option: { name: 'steps', value: 'N', help: 'denoising steps, 1 to 1000' },
    discord: { name: 'steps', range: ({ maxSteps }) => ({ from: 1, to: maxSteps }), isInForm: true },
  },
  /** Frames per second, of the conditioning (the model sees fps − 1, as in diffusers) and of the file. */
  fps: {
    type: wholeNumber({ from: 1, to: 120 }),
    diffusersName: 'fps',
    default: 7,
    option: { name: 'fps', value: 'N', help: 'frames per second that the model is told, 1 to 120' },
    discord: { name: 'fps', range: { from: 1, to: 30 }, isInForm: true },
  },
  numFrames: {
    type: wholeNumber({ from: 1, to: maxFrames }),
    diffusersName: 'num_frames',
    isFromModel: true,
    option: { name: 'frames', value: 'N', help: 'number of frames; more than the model was trained for are taken too' },
    discord: { name: 'length', range: (limits) => ({ from: Math.min(2, limits.maxFrames), to: limits.maxFrames }) },
  },
  /** Pixels, a multiple of the model's size step. */
  width: {
    type: number(({ minSize, maxSize, sizeStep }) => ({ from: minSize, to: maxSize, multipleOf: sizeStep })),
    diffusersName: 'width',
    isFromModel: true,
    option: { name: 'width', value: 'W', help: "pixels, a multiple of the model's step" },
  },
  /** Pixels, a multiple of the model's size step. */
  height: {
    type: number(({ minSize, maxSize, sizeStep }) => ({ from: minSize, to: maxSize, multipleOf: sizeStep })),
    diffusersName: 'height',
    isFromModel: true,
    option: { name: 'height', value: 'H', help: "pixels, a multiple of the model's step" },
  },
  noiseAugStrength: {
    type: number({ from: 0, to: 10 }),
    diffusersName: 'noise_aug_strength',
    default: 0.02,
    option: { name: 'noise', value: 'X', help: 'noise added to the picture, 0 to 10' },
  },
  /** Guidance of the first frame; it rises to {@link imageToVideo.maxGuidanceScale} from frame to frame. */
  minGuidanceScale: {
    type: number({ from: 0, to: 100 }),
    diffusersName: 'min_guidance_scale',
    default: 1,
    option: { name: 'guidance-min', value: 'X', help: 'guidance of the first frame, 0 to 100' },
  },
  maxGuidanceScale: {
    type: number({ from: 0, to: 100 }),
    diffusersName: 'max_guidance_scale',
    default: 3,
    option: { name: 'guidance-max', value: 'X', help: 'guidance of the last frame, 0 to 100' },
  },
  /** Frames decoded together; it changes the picture, since temporal layers see only the chunk. */
  decodeChunkSize: {
    type: wholeNumber({ from: 1, to: maxFrames }),
    diffusersName: 'decode_chunk_size',
    isFromModel: true,
    option: {
      name: 'decode-chunk',
      value: 'N',
      help: 'frames decoded together; fewer take less memory and flicker more',
    },
  },
  sampler: {
    type: oneOf(samplerNames),
    isFromModel: true,
    option: { name: 'sampler', value: 'NAME', help: samplerNames.join(', ') },
  },
  schedule: {
    type: oneOf(scheduleNames),
    isFromModel: true,
    option: { name: 'schedule', value: 'NAME', help: scheduleNames.join(', ') },
  },
  /** Guidance runs in steps whose σ is above the first and not above the second; left out: in all. */
  guidanceInterval: {
    type: interval({ from: 0, to: maxSigma }),
    isOptional: true,
    option: {
      name: 'guidance-interval',
      value: 'LO,HI',
      help: 'guidance only in steps whose noise level is above LO and not above HI; the others take half the time',
    },
  },
  /** The whole UNet runs in every so many steps, in between only its outermost blocks; left out or 1: in all. */
  deepCacheInterval: {
    type: wholeNumber({ from: 1, to: 100 }),
    isOptional: true,
    oldKeys: ['stepCache'],
    option: {
      name: 'deep-cache-interval',
      oldName: 'step-cache',
      value: 'N',
      help: 'the whole UNet in every Nth step only, its outermost blocks in between; quicker and less exact',
    },
  },
} as const satisfies Declarations;

/** The shape of whole settings, in messages between processes. Ranges depend on the model: `checkSettings` holds them. */
export const settingsSchema = z.strictObject(shapeOf(imageToVideo));

/** The same where each may be left out. */
export const partialSettingsSchema = settingsSchema.exactPartial();

/** The same as stored, maybe under names of earlier versions. Names that this version does not know are refused. */
export const storedSettingsSchema = stored(imageToVideo, partialSettingsSchema);

/** Everything that decides a clip besides the picture and the weights; {@link imageToVideo} says what each is. */
export type ImageToVideoSettings = z.output<typeof settingsSchema>;

/** What is asked for of a clip with a last picture, which is sampled in one way alone, whatever model or preset propose. */
export function forTwoPictures(requested: Partial<ImageToVideoSettings>): Partial<ImageToVideoSettings> {
  return { ...requested, sampler: 'euler' };
}

export type SamplerName = ImageToVideoSettings['sampler'];
export type ScheduleName = ImageToVideoSettings['schedule'];

type Table = typeof imageToVideo;
type NamesWith<Mark> = { [Name in keyof Table]: Table[Name] extends Mark ? Name : never }[keyof Table];

/** The settings that a model's configs decide where nobody chooses. */
export type ModelDefaults = Pick<ImageToVideoSettings, NamesWith<{ isFromModel: true }>>;

/** The settings that a model may propose a value for, by diffusers' name. */
type ProposalShape = {
  -readonly [Name in NamesWith<{ diffusersName: string }> as Table[Name]['diffusersName']]: z.ZodOptional<z.ZodNumber>;
};

/**
 * The shape of what a model's kinora.json may propose: numbers under diffusers' names. What the model itself limits is a
 * positive whole number; what is above its range is refused by `checkSettings`, like a setting that a person asked for.
 */
export const proposalShape = Object.fromEntries(
  Object.values<Declaration>(imageToVideo).flatMap(({ diffusersName, type }) => {
    if (diffusersName === undefined || !('range' in type)) return [];
    const { from, multipleOf }: Range =
      typeof type.range === 'function' ? { from: 1, to: 1, multipleOf: 1 } : type.range;
    const schema = multipleOf === undefined ? z.number() : z.number().int();
    return [[diffusersName, schema.min(from).optional()]];
  }),
) as ProposalShape;

/** What a model proposes. */
type Proposals = Partial<Record<keyof ProposalShape, number | undefined>>;

/** Every setting where nobody chooses: what the model proposes, what follows from its configs, or what is declared. */
export function defaultSettings(own: ModelDefaults, proposals: Proposals): Omit<ImageToVideoSettings, 'seed'> {
  const values: SettingValues = own;
  const proposed: SettingValues = proposals;
  return Object.fromEntries(
    Object.entries<Declaration>(imageToVideo).flatMap(([name, { diffusersName, default: declared }]) => {
      const value = (diffusersName && proposed[diffusersName]) ?? values[name] ?? declared;
      return value === undefined ? [] : [[name, value]];
    }),
  ) as Omit<ImageToVideoSettings, 'seed'>;
}
