import { describe, expect, it } from 'vitest';
import { InferenceError, UserError } from '../../../src/errors.ts';
import { torchGenerator } from '../../../src/inference/random/torch-generator.ts';
import { createScheduler } from '../../../src/inference/schedulers/create-scheduler.ts';
import type { SamplerName, ScheduleName } from '../../../src/inference/schedulers/scheduler.ts';
import { parseSchedulerConfig } from '../../../src/inference/schedulers/scheduler-config.ts';
import golden from '../../golden/schedulers.json' with { type: 'json' };

/** reference/write_schedulers.py draws as many values per latent. */
const size = 16;
const svd = parseSchedulerConfig(golden.configs.svd);

interface Run {
  config: keyof typeof golden.configs;
  sampler: SamplerName;
  schedule: ScheduleName;
  steps: number;
  sigmas: number[];
  timesteps: number[];
  initNoiseSigma: number;
  /** The latents after some of the steps. */
  samples: Record<string, number[]>;
}
const runs = (golden.runs as unknown as Run[]).map((run) => ({
  ...run,
  title: `${run.sampler}, ${run.schedule}, ${run.steps} steps, config ${run.config}`,
}));

/** Each value within 1e-6 of the wanted one, relatively; `floor` is the size below which the difference counts as it is. */
function expectRelative(actual: ArrayLike<number>, wanted: readonly number[], floor = 1e-9): void {
  expect(actual).toHaveLength(wanted.length);
  const worst = wanted.map((value, index) => Math.abs(actual[index]! - value) / Math.max(Math.abs(value), floor));
  expect(Math.max(...worst)).toBeLessThanOrEqual(1e-6);
}

describe('createScheduler', () => {
  it.each(runs)('agrees with diffusers: $title', (run) => {
    const config = parseSchedulerConfig(golden.configs[run.config]);
    const options = { numInferenceSteps: run.steps, schedule: run.schedule };
    const scheduler = createScheduler(run.sampler, config, options);
    expectRelative(scheduler.sigmas, run.sigmas);
    // Where σ comes near 1, ¼·ln σ comes near 0, and the last bit of torch's exp shows.
    expectRelative(scheduler.timesteps, run.timesteps, run.config === 'log-linear' ? 0.05 : 1e-9);
    expectRelative([scheduler.initNoiseSigma], [run.initNoiseSigma]);

    const generator = torchGenerator(run.steps);
    const network = torchGenerator(1000 + run.steps);
    let sample: Float32Array = generator.randn(size).map((value) => value * scheduler.initNoiseSigma);
    for (const index of scheduler.timesteps.keys()) {
      const scaled = scheduler.scaleModelInput(sample, index);
      const drawn = network.randn(size);
      const output = scaled.map((value, at) => Math.fround(value * 0.5) + drawn[at]!);
      const noise = scheduler.needsNoise ? { noise: generator.randn(size) } : {};
      sample = scheduler.step(output, index, sample, noise);
      const wanted = run.samples[index];
      // A value near 0 is a difference of larger ones: measured against the largest.
      if (wanted !== undefined) expectRelative(sample, wanted, Math.max(...wanted.map(Math.abs)));
    }
  });

  it('gives SVD the very bits of diffusers', () => {
    const run = runs.find(({ title }) => title === 'euler, karras, 25 steps, config svd')!;
    const scheduler = createScheduler('euler', svd, { numInferenceSteps: 25, schedule: 'karras' });
    expect([...scheduler.sigmas]).toEqual(run.sigmas);
    expect([...scheduler.timesteps]).toEqual(run.timesteps);
    expect(scheduler.initNoiseSigma).toBe(run.initNoiseSigma);
  });

  it('has every count of steps, sampler and config', () => {
    expect(new Set(runs.map(({ steps }) => steps))).toEqual(new Set([1, 2, 4, 10, 25, 30, 60]));
    expect(new Set(runs.map(({ sampler }) => sampler)).size).toBe(4);
    expect(new Set(runs.map(({ config }) => config)).size).toBe(10);
  });

  it('makes one step more where log-linear interpolation and continuous timesteps meet, as diffusers does', () => {
    const config = parseSchedulerConfig(golden.configs['log-linear']);
    const scheduler = createScheduler('euler', config, { numInferenceSteps: 10, schedule: 'model' });
    expect(scheduler.timesteps).toHaveLength(11);
    expect(scheduler.sigmas).toHaveLength(12);
  });

  it('works in place', () => {
    const scheduler = createScheduler('euler-ancestral', svd, { numInferenceSteps: 4, schedule: 'karras' });
    const [output, noise, sample] = [1, 2, 3].map((seed) => torchGenerator(seed).randn(size));
    const fresh = scheduler.step(output!, 1, sample!, { noise: noise! });
    const same = scheduler.step(output!, 1, sample!, { noise: noise!, out: sample! });
    expect(same).toBe(sample);
    expect(same).toEqual(fresh);
  });

  it('lets euler-ancestral-discrete pass over Karras, as diffusers does', () => {
    const [karras, model] = (['karras', 'model'] as const).map((schedule) =>
      createScheduler('euler-ancestral-discrete', svd, { numInferenceSteps: 60, schedule }),
    );
    expect(karras!.sigmas).toEqual(model!.sigmas);
    expect(karras!.sigmas[0]).toBeLessThan(15);
  });

  it('refuses what cannot be', () => {
    const options = { numInferenceSteps: 2, schedule: 'karras' } as const;
    const euler = createScheduler('euler', svd, options);
    const ancestral = createScheduler('euler-ancestral', svd, options);
    const latents = new Float32Array(size);
    expect(() => euler.step(latents, 2, latents)).toThrow(InferenceError);
    expect(() => euler.scaleModelInput(latents, -1)).toThrow(InferenceError);
    expect(() => euler.step(new Float32Array(1), 0, latents)).toThrow(/16 and 1 values/);
    expect(() => ancestral.step(latents, 0, latents)).toThrow(/needs noise/);
    expect(() => createScheduler('euler', svd, { ...options, numInferenceSteps: 0 })).toThrow(UserError);
    expect(() => createScheduler('euler', svd, { ...options, numInferenceSteps: 2.5 })).toThrow(UserError);
    expect(() => createScheduler('euler-ancestral-discrete', svd, { ...options, schedule: 'ays' })).toThrow(UserError);
  });
});
