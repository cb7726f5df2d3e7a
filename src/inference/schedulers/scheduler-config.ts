import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import type { ScheduleName } from './names.ts';

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
  interpolation_type: z.literal('linear').default('linear'),
  use_karras_sigmas: optionalFlag,
  use_exponential_sigmas: optionalFlag,
  /** Needs the inverse of the incomplete beta function; no SVD checkpoint is known to use it. */
  use_beta_sigmas: z.literal(false, 'is not supported; set use_karras_sigmas instead').nullish(),
  sigma_min: optionalNumber,
  sigma_max: optionalNumber,
  timestep_spacing: z.enum(['linspace', 'leading', 'trailing']).default('linspace'),
  timestep_type: z.enum(['discrete', 'continuous']).default('discrete'),
  steps_offset: z.int().min(0).default(0),
  rescale_betas_zero_snr: optionalFlag,
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
});

/** A model's scheduler/scheduler_config.json, checked and with diffusers' defaults filled in. */
export type SchedulerConfig = z.infer<typeof schema>;

/**
 * Checks a scheduler_config.json.
 * @param json the parsed file
 * @param path the file's name, for messages
 * @throws ConfigError a field has a value that is not supported
 */
export function parseSchedulerConfig(json: unknown, path = 'scheduler_config.json'): SchedulerConfig {
  const result = schema.safeParse(json);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError('bad-scheduler-config', `${path}: ${problems.join('; ')}.`, { cause: result.error });
  }
  const config = result.data;
  if (config.use_karras_sigmas && config.use_exponential_sigmas) {
    throw new ConfigError(
      'bad-scheduler-config',
      `${path}: use_karras_sigmas and use_exponential_sigmas are both true.`,
    );
  }
  return config;
}

/** The schedule a model proposes, by the plainest name for it. */
export function defaultSchedule(config: SchedulerConfig): ScheduleName {
  return config.use_karras_sigmas ? 'karras' : 'model';
}
