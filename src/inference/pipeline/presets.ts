import type { ExecutionOptions, ImageToVideoSettings, ModelInfo } from './types.ts';

/** Recipes that a person may ask for by one word. */
export const presetNames = ['notebook', 'quality', 'fast', 'draft', 'animate-lcm'] as const;
export type PresetName = (typeof presetNames)[number];

/** A recipe; what it leaves out stays the model's. */
interface Preset {
  /** One line for whoever chooses. */
  description: string;
  settings: (info: ModelInfo) => Partial<ModelInfo['defaults']>;
  /** Frames per second that the file plays at; left out: as many as the model is told. */
  playbackFps?: number;
  /** Goes before the operator's configuration; `undefined`: what suits the provider. */
  execution: Partial<ExecutionOptions>;
}

/** Every recipe. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  notebook: {
    description: 'what the diffusers notebook does: 60 steps, 512×512, EulerAncestralDiscreteScheduler, offloaded',
    settings: (info) => ({
      ...squareOf(512, info),
      numInferenceSteps: 60,
      sampler: 'euler-ancestral-discrete',
      schedule: 'model',
      // From here on diffusers' own defaults, whatever the model's kinora.json proposes.
      numFrames: info.limits.maxFrames,
      decodeChunkSize: info.limits.maxFrames,
      minGuidanceScale: 1,
      maxGuidanceScale: 3,
      fps: 7,
      motionBucketId: 127,
      noiseAugStrength: 0.02,
    }),
    // What export_to_video takes where the notebook says nothing.
    playbackFps: 10,
    // torch_dtype=torch.float16 and enable_sequential_cpu_offload().
    execution: { precision: undefined, memoryMode: 'sequential-offload' },
  },
  quality: {
    description: "25 Karras steps at the model's own size",
    settings: () => ({ numInferenceSteps: 25, sampler: 'euler', schedule: 'karras' }),
    execution: {},
  },
  fast: {
    description: '10 Align-Your-Steps steps',
    settings: () => ({ numInferenceSteps: 10, sampler: 'euler', schedule: 'ays' }),
    execution: {},
  },
  draft: {
    description: '6 Align-Your-Steps steps at half the width and height',
    settings: (info) => ({
      width: snapped(info.defaults.width / 2, info),
      height: snapped(info.defaults.height / 2, info),
      numInferenceSteps: 6,
      sampler: 'euler',
      schedule: 'ays',
    }),
    execution: {},
  },
  'animate-lcm': {
    description: '4 steps without guidance, for the weights of AnimateLCM-SVD-xt',
    settings: () => ({
      numInferenceSteps: 4,
      sampler: 'animate-lcm',
      schedule: 'model',
      minGuidanceScale: 1,
      maxGuidanceScale: 1,
    }),
    execution: {},
  },
};

/** The model with a recipe's settings for defaults; what is asked for besides goes before them. */
export function withPreset(info: ModelInfo, name: PresetName): ModelInfo {
  return { ...info, defaults: { ...info.defaults, ...presets[name].settings(info) } };
}

/** A square of that side; where the model's own clip has a smaller area, a square of about that area. */
function squareOf(side: number, info: ModelInfo): Pick<ImageToVideoSettings, 'width' | 'height'> {
  const { width, height } = info.defaults;
  const fitting = snapped(Math.min(side, Math.sqrt(width * height)), info);
  return { width: fitting, height: fitting };
}

/** The nearest size that every level of the UNet halves evenly. */
function snapped(pixels: number, { limits }: ModelInfo): number {
  return Math.max(1, Math.round(pixels / limits.minSize)) * limits.minSize;
}
