import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import type { SamplerName, ScheduleName } from './scheduler.ts';

/** `null` stands in configs for "not given". */
const optionalFlag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const optionalNumber = z
  .number()
  .positive()
  .nullish()
  .transform((value) => value ?? undefined);

/** The fields of diffusers `EulerDiscreteScheduler` with its defaults; other fields are passed over, as diffusers does. */
const schema = z.object({
  num_train_timesteps: z.int().min(2).max(1_000_000).default(1000),
  beta_start: z.number().positive().max(1).default(0.0001),
  beta_end: z.number().positive().max(1).default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z
    .array(z.number().min(0).max(1))
    .min(2)
    .nullish()
    .transform((value) => value ?? undefined),
  prediction_type: z.enum(['epsilon', 'v_prediction', 'sample']).default('epsilon'),
  interpolation_type: z.enum(['linear', 'log_linear']).default('linear'),
  use_karras_sigmas: optionalFlag,
  use_exponential_sigmas: optionalFlag,
  use_beta_sigmas: optionalFlag,
  sigma_min: optionalNumber,
  sigma_max: optionalNumber,
  timestep_spacing: z.enum(['linspace', 'leading', 'trailing']).default('linspace'),
  timestep_type: z.enum(['discrete', 'continuous']).default('discrete'),
  steps_offset: z.int().min(0).default(0),
  rescale_betas_zero_snr: optionalFlag,
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
});

/** The sampler that computes what a scheduler class does. Classes of diffusers, and AnimateLCM's own. */
const samplerOfClass: Readonly<Record<string, SamplerName>> = {
  EulerDiscreteScheduler: 'euler',
  EulerAncestralDiscreteScheduler: 'euler-ancestral-discrete',
  AnimateLCMSVDStochasticIterativeScheduler: 'animate-lcm',
};

/** The scheduler_config.json of SVD XT 1.1, for models that bring none of their own. */
export const svdSchedulerJson = {
  _class_name: 'EulerDiscreteScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  num_train_timesteps: 1000,
  prediction_type: 'v_prediction',
  sigma_max: 700,
  sigma_min: 0.002,
  steps_offset: 1,
  timestep_spacing: 'leading',
  timestep_type: 'continuous',
  use_karras_sigmas: true,
} as const;

/** A scheduler_config.json, checked and with diffusers' defaults filled in, and the sampler that it stands for. */
export interface SchedulerConfig extends z.output<typeof schema> {
  /** The config's `_class_name`. */
  className: string;
  /** What computes the same. */
  sampler: SamplerName;
}

/**
 * Checks a scheduler_config.json.
 * @param json the parsed file
 * @param path the file's name, for messages
 * @param fallbackClass the scheduler's class where the file does not name it, e.g. from model_index.json
 * @throws ConfigError a field has a value that is not supported, or the class is none that Kinora has
 */
export function parseSchedulerConfig(
  json: unknown,
  path = 'scheduler_config.json',
  fallbackClass = 'EulerDiscreteScheduler',
): SchedulerConfig {
  const { className, sampler } = readSampler(json, path, fallbackClass);
  // AnimateLCM's scheduler is defined by other fields, which its sampler has as constants. What else the file would say
  // is what its base model says.
  const fields = sampler === 'animate-lcm' ? svdSchedulerJson : json;
  const result = schema.safeParse(fields);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError('bad-scheduler-config', `${path}: ${problems.join('; ')}.`, { cause: result.error });
  }
  const config = result.data;
  const chosen = (['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas'] as const).filter(
    (flag) => config[flag],
  );
  if (chosen.length > 1) {
    throw new ConfigError(
      'bad-scheduler-config',
      `${path}: ${chosen.join(' and ')} are ${chosen.length === 2 ? 'both ' : ''}true; only one of them can be.`,
    );
  }
  return { ...config, className, sampler };
}

/** @throws ConfigError the class is none of {@link samplerOfClass} */
function readSampler(json: unknown, path: string, fallbackClass: string): { className: string; sampler: SamplerName } {
  const named = typeof json === 'object' && json !== null && '_class_name' in json ? json._class_name : undefined;
  const className = named ?? fallbackClass;
  const sampler =
    typeof className === 'string' && Object.hasOwn(samplerOfClass, className) ? samplerOfClass[className] : undefined;
  if (typeof className === 'string' && sampler !== undefined) return { className, sampler };
  throw new ConfigError(
    'unknown-scheduler',
    `${path}: _class_name ${JSON.stringify(className)} is not supported; there are ${Object.keys(samplerOfClass).join(', ')}. ` +
      'Stable Video Diffusion was trained on noise levels σ up to 700, which it is told as the timestep 0.25·ln σ. ' +
      "diffusers' other schedulers tell it step numbers from 0 to 999, which it has never seen. " +
      'Set _class_name to EulerDiscreteScheduler in that file.',
  );
}

/** The schedule a model proposes, by the plainest name for it. */
export function defaultSchedule(config: SchedulerConfig): ScheduleName {
  return config.use_karras_sigmas ? 'karras' : 'model';
}
