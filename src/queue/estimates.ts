import type { Estimate, EstimateStore } from '../storage/estimate-store.ts';
import type { JobSettings, ModelCapabilities } from '../storage/job.ts';
import type { Clip } from '../worker/types.ts';

/** Measured times, kept per model, provider, size and recipe, so that the first estimate after a restart is good. */
export interface Estimates {
  /** Undefined until a job of this kind has been measured. */
  of(settings: JobSettings): Estimate | undefined;
  /** Learns from a finished clip; rejects where that could not be stored. */
  learn(settings: JobSettings, clip: Clip): Promise<void>;
}

/** What {@link createEstimates} works with. */
export interface EstimatesOptions {
  store: Pick<EstimateStore, 'set'>;
  /** What the store knows: all of it is in memory, since places in the queue are told without waiting. */
  known?: ReadonlyMap<string, Estimate>;
  model: ModelCapabilities;
  /** The configured one: a change of it starts afresh. */
  provider: string;
}

/** Computing frames in between takes the encoder about so many times as long. Estimates are of clips without. */
export const smoothFactor = 4;

/** A new measurement's weight against what was known: follows a changed machine within a few jobs, not at one outlier. */
const newWeight = 0.4;

/** Estimates that are also stored. */
export function createEstimates({ store, known = new Map(), model, provider }: EstimatesOptions): Estimates {
  const estimates = new Map(known);

  /** Asked for every job that waits, at every event; nobody changes a job's settings. */
  const keys = new WeakMap<JobSettings, string>();

  function keyOf(settings: JobSettings): string {
    const known = keys.get(settings);
    if (known !== undefined) return known;
    const key = makeKey(settings);
    keys.set(settings, key);
    return key;
  }

  function makeKey(settings: JobSettings): string {
    const all = { ...model.defaults, ...settings };
    // Without guidance a step costs half: the unconditional branch is not run.
    const branches = Math.max(all.minGuidanceScale, all.maxGuidanceScale) > 1 ? 2 : 1;
    const size = `${all.width}x${all.height}x${all.numFrames}`;
    // What a recipe may choose besides: how often a step is computed in part, and for which noise with guidance.
    const cheaper = `s${all.deepCacheInterval ?? 1} i${all.guidanceInterval?.join('-') ?? ''}`;
    return `${model.name} ${provider} ${size} b${branches} c${all.decodeChunkSize} ${cheaper}`;
  }

  return {
    of: (settings) => estimates.get(keyOf(settings)),
    async learn(settings, clip) {
      if (clip.secondsPerStage.denoise === 0) return; // earlier frames in another form: nothing was rendered
      const seconds = clip.secondsPerStage;
      const measured: Estimate = {
        secondsBefore: seconds.prepare + seconds['encode-image'],
        secondsPerStep: seconds.denoise / clip.settings.numInferenceSteps,
        secondsAfter: seconds.decode + seconds['encode-video'] / (clip.form.smooth ? smoothFactor : 1),
      };
      const key = keyOf(settings);
      const before = estimates.get(key) ?? measured;
      const mixed = (part: keyof Estimate) => before[part] * (1 - newWeight) + measured[part] * newWeight;
      const after: Estimate = {
        secondsBefore: mixed('secondsBefore'),
        secondsPerStep: mixed('secondsPerStep'),
        secondsAfter: mixed('secondsAfter'),
      };
      estimates.set(key, after);
      await store.set(key, after);
    },
  };
}

/** Seconds of a whole render of `steps` steps. */
export function totalSeconds(estimate: Estimate, steps: number): number {
  return estimate.secondsBefore + steps * estimate.secondsPerStep + estimate.secondsAfter;
}
