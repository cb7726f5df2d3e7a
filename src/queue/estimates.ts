import type { JobSettings, ModelCapabilities } from '../storage/job.ts';
import type { Database } from '../storage/sqlite.ts';
import type { Clip, RenderProgress } from '../worker/types.ts';

/** How long the parts of a render take, in seconds. */
export interface Estimate {
  /** Everything before the first step. */
  secondsBefore: number;
  secondsPerStep: number;
  /** Decoding and encoding. */
  secondsAfter: number;
}

/** Measured times, kept per model, provider, size and recipe, so that the first estimate after a restart is good. */
export interface Estimates {
  /** Undefined until a job of this kind has been measured. */
  of(settings: JobSettings): Estimate | undefined;
  /** Learns from a finished clip. */
  learn(settings: JobSettings, clip: Clip): void;
}

/** A new measurement's weight against what was known: follows a changed machine within a few jobs, not at one outlier. */
const newWeight = 0.4;

/** Estimates in the open database. `provider` is the configured one: a change of it starts afresh. */
export function createEstimates(database: Database, model: ModelCapabilities, provider: string): Estimates {
  const select = database.prepare('SELECT * FROM estimates WHERE key = ?');
  const upsert = database.prepare('INSERT OR REPLACE INTO estimates VALUES (?, ?, ?, ?)');

  function keyOf(settings: JobSettings): string {
    const all = { ...model.defaults, ...settings };
    // Without guidance a step costs half: the unconditional branch is not run.
    const branches = Math.max(all.minGuidanceScale, all.maxGuidanceScale) > 1 ? 2 : 1;
    const size = `${all.width}x${all.height}x${all.numFrames}`;
    // What a recipe may choose besides: how often a step is computed in part, and for which noise with guidance.
    const cheaper = `s${all.deepCacheInterval ?? 1} i${all.guidanceInterval?.join('-') ?? ''}`;
    return `${model.name} ${provider} ${size} b${branches} c${all.decodeChunkSize} ${cheaper}`;
  }

  function of(settings: JobSettings): Estimate | undefined {
    const row = select.get([keyOf(settings)]) as Record<string, number> | undefined;
    if (row === undefined) return undefined;
    return {
      secondsBefore: row.seconds_before!,
      secondsPerStep: row.seconds_per_step!,
      secondsAfter: row.seconds_after!,
    };
  }

  return {
    of,
    learn(settings, clip) {
      if (clip.secondsPerStage.denoise === 0) return; // earlier frames in another form: nothing was rendered
      const seconds = clip.secondsPerStage;
      const measured: Estimate = {
        secondsBefore: seconds.prepare + seconds['encode-image'],
        secondsPerStep: seconds.denoise / clip.settings.numInferenceSteps,
        secondsAfter: seconds.decode + seconds['encode-video'],
      };
      const known = of(settings) ?? measured;
      const mixed = (part: keyof Estimate) => known[part] * (1 - newWeight) + measured[part] * newWeight;
      upsert.run([keyOf(settings), mixed('secondsBefore'), mixed('secondsPerStep'), mixed('secondsAfter')]);
    },
  };
}

/** Seconds of a whole render of `steps` steps. */
export function totalSeconds(estimate: Estimate, steps: number): number {
  return estimate.secondsBefore + steps * estimate.secondsPerStep + estimate.secondsAfter;
}

/**
 * Seconds that a running render still takes, from what it measured itself and, for stages still to come, from `estimate`.
 * Undefined while neither says how long.
 */
export function remainingSeconds(
  progress: RenderProgress,
  estimate: Estimate | undefined,
  settings: { steps: number },
): number | undefined {
  const left = progress.steps - progress.step;
  switch (progress.stage) {
    case 'prepare':
    case 'encode-image':
      return estimate && totalSeconds(estimate, settings.steps);
    case 'denoise': {
      const secondsPerStep = progress.secondsPerStep ?? estimate?.secondsPerStep;
      return secondsPerStep === undefined ? undefined : left * secondsPerStep + (estimate?.secondsAfter ?? 0);
    }
    case 'decode':
      return progress.secondsPerStep === undefined ? estimate?.secondsAfter : left * progress.secondsPerStep;
    case 'encode-video':
      return undefined;
  }
}
