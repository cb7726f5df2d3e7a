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
    ['an unknown interpolation', { interpolation_type: 'cubic' }, /interpolation_type/],
    ['two kinds of sigmas', { use_karras_sigmas: true, use_exponential_sigmas: true }, /both true/],
    ['beta and Karras sigmas', { use_karras_sigmas: true, use_beta_sigmas: true }, /use_beta_sigmas are both true/],
    ['a class that is not there', { _class_name: 'DPMSolverMultistepScheduler' }, /"DPMSolverMultistepScheduler"/],
    [
      'a class that is no name',
      { _class_name: ['EulerDiscreteScheduler'] },
      /_class_name \["EulerDiscreteScheduler"\]/,
    ],
    ['a class that every object has', { _class_name: 'toString' }, /"toString" is not supported/],
    ['an unknown prediction type', { prediction_type: 'flow' }, /prediction_type/],
    ['a sigma below 0', { sigma_min: -1 }, /sigma_min/],
    ['a count that is text', { num_train_timesteps: '1000' }, /num_train_timesteps/],
  ];
  it.each(refused)('refuses %s', (_, json, message) => {
    expect(() => parseSchedulerConfig(json, 'scheduler/scheduler_config.json')).toThrow(ConfigError);
    expect(() => parseSchedulerConfig(json, 'scheduler/scheduler_config.json')).toThrow(message);
  });

  it('says which classes there are, and why others make no sense', () => {
    const parse = () => parseSchedulerConfig({ _class_name: 'UniPCMultistepScheduler' });
    expect(parse).toThrow(/there are EulerDiscreteScheduler, EulerAncestralDiscreteScheduler/);
    expect(parse).toThrow(/0\.25·ln σ/);
  });

  it.each([
    ['EulerDiscreteScheduler', 'euler'],
    ['EulerAncestralDiscreteScheduler', 'euler-ancestral-discrete'],
    ['AnimateLCMSVDStochasticIterativeScheduler', 'animate-lcm'],
  ])('takes the sampler from the class: %s is %s', (_class_name, sampler) => {
    expect(parseSchedulerConfig({ ...golden.configs.svd, _class_name }).sampler).toBe(sampler);
  });

  it("takes the class from elsewhere where the file doesn't name it", () => {
    const parse = (json: object) => parseSchedulerConfig(json, 'x.json', 'EulerAncestralDiscreteScheduler').sampler;
    expect(parse({})).toBe('euler-ancestral-discrete');
    expect(parse({ _class_name: 'EulerDiscreteScheduler' })).toBe('euler');
  });

  it("lets AnimateLCM's scheduler, which has other fields, run any sampler of the same model", () => {
    const config = parseSchedulerConfig({
      _class_name: 'AnimateLCMSVDStochasticIterativeScheduler',
      num_train_timesteps: 40,
      sigma_min: 0.002,
      sigma_max: 700,
      sigma_data: 1,
      clip_denoised: false,
    });
    expect(config).toMatchObject({ num_train_timesteps: 1000, prediction_type: 'v_prediction' });
    const options = { numInferenceSteps: 4, schedule: 'karras' } as const;
    expect(createScheduler('animate-lcm', config, options).sigmas).toHaveLength(5);
    expect(createScheduler('euler', config, options).sigmas[0]).toBe(700);
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
