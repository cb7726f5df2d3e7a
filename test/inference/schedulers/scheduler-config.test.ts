import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { createScheduler } from '../../../src/inference/schedulers/create-scheduler.ts';
import { defaultSchedule, parseSchedulerConfig } from '../../../src/inference/schedulers/scheduler-config.ts';
import golden from '../../golden/schedulers.json' with { type: 'json' };

describe('parseSchedulerConfig', () => {
  it("fills in diffusers' defaults and takes null as not given", () => {
    const config = parseSchedulerConfig({ trained_betas: null, sigma_min: null, use_karras_sigmas: null });
    expect(config).toMatchObject({ num_train_timesteps: 1000, beta_schedule: 'linear', prediction_type: 'epsilon' });
    expect(config).toMatchObject({ sigma_min: undefined, trained_betas: undefined, use_karras_sigmas: false });
  });

  const refused: [name: string, json: unknown, message: RegExp][] = [
    ['no object', 'euler', /scheduler\/scheduler_config\.json/],
    ['beta sigmas', { use_beta_sigmas: true }, /use_beta_sigmas: is not supported/],
    ['log-linear interpolation', { interpolation_type: 'log_linear' }, /interpolation_type/],
    ['two kinds of sigmas', { use_karras_sigmas: true, use_exponential_sigmas: true }, /both true/],
    ['an unknown prediction type', { prediction_type: 'flow' }, /prediction_type/],
    ['a sigma below 0', { sigma_min: -1 }, /sigma_min/],
    ['a count that is text', { num_train_timesteps: '1000' }, /num_train_timesteps/],
  ];
  it.each(refused)('refuses %s', (_, json, message) => {
    expect(() => parseSchedulerConfig(json, 'scheduler/scheduler_config.json')).toThrow(ConfigError);
    expect(() => parseSchedulerConfig(json, 'scheduler/scheduler_config.json')).toThrow(message);
  });

  it('refuses a prediction type that the sampler does not know', () => {
    const config = parseSchedulerConfig(golden.configs['trained-betas']);
    const options = { numInferenceSteps: 2, schedule: 'model' } as const;
    expect(() => createScheduler('euler-ancestral-discrete', config, options)).toThrow(ConfigError);
  });
});

describe('defaultSchedule', () => {
  it('names Karras where the config asks for it', () => {
    expect(defaultSchedule(parseSchedulerConfig(golden.configs.svd))).toBe('karras');
    expect(defaultSchedule(parseSchedulerConfig({}))).toBe('model');
  });
});
