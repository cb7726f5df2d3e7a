import { ConfigError } from '../../errors.ts';
import type { SamplerName, ScheduleName } from '../../settings/image-to-video.ts';
import { animateLcm } from './animate-lcm.ts';
import { addScaled, ancestralSigmas, eulerStep, inputScale, originalSample } from './euler-steps.ts';
import { checkArrays, checkSampler, type Scheduler, sigmaOfStep } from './scheduler.ts';
import type { SchedulerConfig } from './scheduler-config.ts';
import { alignYourStepsSigmas, betaSigmas, exponentialSigmas, interpolate, karrasSigmas } from './sigma-schedules.ts';
import { linspaceFloat32, sigmaToTimestep, spacedTimesteps, trainingSigmas } from './training-schedule.ts';

interface SchedulerOptions {
  numInferenceSteps: number;
  schedule: ScheduleName;
}

/**
 * Makes a sampler from a model's scheduler config, with diffusers' float32 rounding.
 * @throws UserError what `checkSampler` refuses
 * @throws ConfigError the sampler cannot work with the config
 */
export function createScheduler(
  name: SamplerName,
  config: SchedulerConfig,
  { numInferenceSteps: steps, schedule }: SchedulerOptions,
): Scheduler {
  checkSampler({ sampler: name, schedule, numInferenceSteps: steps });
  if (name === 'animate-lcm') return animateLcm(config, steps);
  if (name === 'euler-ancestral-discrete') {
    return samplerOf(config, { ...discreteSchedule(config, steps), ancestral: true });
  }
  return samplerOf(config, { ...continuousSchedule(config, steps, schedule), ancestral: name === 'euler-ancestral' });
}

interface Schedule {
  sigmas: Float32Array;
  timesteps: Float32Array;
}

/** diffusers `EulerDiscreteScheduler.set_timesteps`. */
function continuousSchedule(config: SchedulerConfig, steps: number, schedule: ScheduleName): Schedule {
  const trained = trainingSigmas(config);
  const spaced = spacedTimesteps(config, steps);
  const own = interpolatedSigmas(config, trained, spaced);
  const range = { min: config.sigma_min ?? own[own.length - 1]!, max: config.sigma_max ?? own[0]! };
  let chosen: number[] | undefined;
  if (schedule === 'ays') chosen = Array.from(Float32Array.from(alignYourStepsSigmas(steps)));
  else if (schedule === 'karras' || config.use_karras_sigmas) chosen = karrasSigmas(range, steps);
  else if (config.use_exponential_sigmas) chosen = exponentialSigmas(range, steps);
  else if (config.use_beta_sigmas) chosen = betaSigmas(range, steps);

  const final = config.final_sigmas_type === 'sigma_min' && schedule !== 'ays' ? trained[0]! : 0;
  const sigmas = Float32Array.from([...(chosen ?? own), final]);
  if (config.timestep_type === 'continuous' && config.prediction_type === 'v_prediction') {
    const timesteps = sigmas.slice(0, -1).map((sigma) => 0.25 * Math.fround(Math.log(sigma)));
    return { sigmas, timesteps };
  }
  if (chosen === undefined) return { sigmas, timesteps: spaced };
  const logSigmas = trained.map(Math.log);
  const round = schedule === 'ays' ? Math.fround : undefined; // sigmas given as a list become float32 first
  return { sigmas, timesteps: Float32Array.from(chosen, (sigma) => sigmaToTimestep(sigma, logSigmas, round)) };
}

/**
 * The noise levels of a run by `interpolation_type`, falling. As in diffusers, `log_linear` has one more of them than
 * there were steps asked for: continuous timesteps then make one step more, others stop before the final level.
 */
function interpolatedSigmas(config: SchedulerConfig, trained: Float32Array, spaced: Float32Array): number[] {
  if (config.interpolation_type === 'linear') return Array.from(spaced, (timestep) => interpolate(timestep, trained));
  const [low, high] = [Math.log(trained[0]!), Math.log(trained[trained.length - 1]!)];
  return Array.from(linspaceFloat32(high, low, spaced.length + 1), (log) => Math.fround(Math.exp(log)));
}

/**
 * diffusers `EulerAncestralDiscreteScheduler.set_timesteps`: knows neither Karras nor sigma_min and sigma_max nor continuous
 * timesteps, so `karras` and `model` are the same here.
 */
function discreteSchedule(config: SchedulerConfig, steps: number): Schedule {
  if (config.prediction_type === 'sample') {
    throw new ConfigError(
      'bad-scheduler-config',
      'euler-ancestral-discrete does not know the prediction_type sample.',
      {
        // The model works with other samplers.
        scope: 'job',
      },
    );
  }
  const trained = trainingSigmas(config);
  const timesteps = spacedTimesteps(config, steps);
  return { sigmas: Float32Array.from([...timesteps.map((timestep) => interpolate(timestep, trained)), 0]), timesteps };
}

function samplerOf(
  config: SchedulerConfig,
  { sigmas, timesteps, ancestral }: Schedule & { ancestral: boolean },
): Scheduler {
  const largest = sigmas.reduce((a, b) => Math.max(a, b));
  return {
    sigmas,
    timesteps,
    initNoiseSigma: config.timestep_spacing === 'leading' ? inputScale(largest) : largest,
    needsNoise: ancestral,
    scaleModelInput(sample, index, out = new Float32Array(sample.length)) {
      const scale = inputScale(sigmaOfStep(sigmas, index));
      for (let at = 0; at < sample.length; at += 1) out[at] = sample[at]! / scale;
      return out;
    },
    predictOriginalSample(modelOutput, index, sample) {
      checkArrays(sample, [modelOutput], { noise: undefined, needsNoise: false });
      return originalSample(modelOutput, sample, {
        sigma: sigmaOfStep(sigmas, index),
        prediction: config.prediction_type,
      });
    },
    step(modelOutput, index, sample, { noise, out = new Float32Array(sample.length) } = {}) {
      const sigma = sigmaOfStep(sigmas, index);
      const next = sigmas[index + 1]!;
      checkArrays(sample, [modelOutput, out], { noise, needsNoise: ancestral });
      const { up, down } = ancestral ? ancestralSigmas(sigma, next) : { up: 0, down: next };
      const delta = Math.fround(down - sigma);
      eulerStep(modelOutput, sample, { sigma, delta, prediction: config.prediction_type, out });
      if (noise !== undefined && ancestral) addScaled(out, noise, up);
      return out;
    },
  };
}
