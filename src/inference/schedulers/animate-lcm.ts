import { ConfigError } from '../../errors.ts';
import { inputScale, originalSample } from './euler-steps.ts';
import { checkArrays, maxAnimateLcmSteps, type Scheduler, sigmaOfStep } from './scheduler.ts';
import type { SchedulerConfig } from './scheduler-config.ts';
import { karrasSigmaAt } from './sigma-schedules.ts';

const { fround } = Math;

/** What the weights were distilled with (AnimateLCM-SVD-xt): they know these noise levels and no others. */
const distilled = { timesteps: maxAnimateLcmSteps, sigmas: { min: 0.002, max: 700 } } as const;

/**
 * AnimateLCM-SVD-xt's `AnimateLCMSVDStochasticIterativeScheduler` with σ_data = 1 and no clipping: multistep consistency
 * sampling (Song et al. 2023, algorithm 1). Each step predicts the clean latents whole and adds fresh noise up to the
 * next level.
 * @throws ConfigError the model does not predict v
 */
export function animateLcm(config: SchedulerConfig, steps: number): Scheduler {
  if (config.prediction_type !== 'v_prediction') {
    throw new ConfigError(
      'bad-scheduler-config',
      `animate-lcm does not know the prediction_type ${config.prediction_type}.`,
      // The model works with other samplers.
      { scope: 'job' },
    );
  }
  const stride = Math.floor(distilled.timesteps / steps);
  const levels = Array.from({ length: steps }, (_, step) =>
    karrasSigmaAt(distilled.sigmas, (step * stride) / (distilled.timesteps - 1)),
  );
  const sigmas = Float32Array.from([...levels, 0]);
  const needsNoise = steps > 1;
  return {
    sigmas,
    timesteps: Float32Array.from(levels, (sigma) => 0.25 * Math.log(sigma)),
    initNoiseSigma: Math.sqrt(distilled.sigmas.max ** 2 + 1),
    needsNoise,
    scaleModelInput(sample, index, out = new Float32Array(sample.length)) {
      const scale = inputScale(sigmaOfStep(sigmas, index));
      for (const [at, value] of sample.entries()) out[at] = value / scale;
      return out;
    },
    predictOriginalSample(modelOutput, index, sample) {
      checkArrays(sample, [modelOutput], { noise: undefined, needsNoise: false });
      return originalSample(modelOutput, sample, { sigma: sigmaOfStep(sigmas, index), prediction: 'v_prediction' });
    },
    step(modelOutput, index, sample, { noise, out = new Float32Array(sample.length) } = {}) {
      const sigma = sigmaOfStep(sigmas, index);
      const next = sigmas[index + 1] ?? 0;
      checkArrays(sample, [modelOutput, out], { noise, needsNoise });
      const skip = fround(1 / fround(fround(sigma * sigma) + 1));
      const scale = fround(-sigma / inputScale(sigma));
      for (const [at, value] of sample.entries()) {
        const clean = fround(fround(scale * (modelOutput[at] ?? 0)) + fround(skip * value));
        out[at] = clean + (needsNoise ? fround((noise?.[at] ?? 0) * next) : 0);
      }
      return out;
    },
  };
}
