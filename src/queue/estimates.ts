import { expectUpscale } from '../settings/upscale.ts';
import type { Estimate, EstimateStore } from '../storage/estimate-store.ts';
import { isRenderedBetween, type Job, type JobSettings, type ModelCapabilities } from '../storage/job.ts';
import type { Clip } from '../worker/types.ts';
import type { EstimatedJob } from './render-work.ts';

/** Measured times, kept per model, provider, size, recipe, style and whether a last picture is given, so that the first estimate after a restart is good. */
export interface Estimates {
  /**
   * Undefined until a job of this kind has been measured, or one that differs from it only in that the clip ends with a
   * given picture, or does not: that is a known factor; or in its style, whose time is not known then. Of a worker that has made such a clip, what it took there; else what
   * it takes on average.
   */
  of(job: EstimatedJob, worker?: string): Estimate | undefined;
  /** What a job's enlargement by a network takes: 0 where none was asked for, undefined until one has been measured. */
  upscaleSeconds(job: Pick<Job, 'settings' | 'form'>): number | undefined;
  /** Learns from a finished clip, and who made it; rejects where that could not be stored. */
  learn(job: EstimatedJob, clip: Clip, worker?: string): Promise<void>;
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

/**
 * Of so many workers it is known how quick each is; those that made no clip for longest are forgotten. A worker without a
 * name of its own has a new one at each start.
 */
const mostWorkers = 1_000;

const workerPrefix = 'worker ';

/** What a worker's own times are stored under; its name may hold anything. */
function workerKey({ worker, key }: { worker: string; key: string }): string {
  return workerPrefix + JSON.stringify([worker, key]);
}

/** Undefined for what holds of all workers. */
function parseWorkerKey(stored: string): { worker: string; key: string } | undefined {
  // No other key has a bracket there, since none is of a model without a name.
  if (!stored.startsWith(`${workerPrefix}["`)) return undefined;
  const [worker, key] = JSON.parse(stored.slice(workerPrefix.length)) as [string, string];
  return { worker, key };
}

/** What of the settings decides whether there is guidance. */
type Guidance = Pick<ModelCapabilities['defaults'], 'minGuidanceScale' | 'maxGuidanceScale'>;

/** Without guidance a step costs half: the unconditional branch is not run. */
function branchesOf({ minGuidanceScale, maxGuidanceScale }: Guidance): 1 | 2 {
  return Math.max(minGuidanceScale, maxGuidanceScale) > 1 ? 2 : 1;
}

/** Calls of the UNet in a step. One towards a given picture has two halves, each with both branches, guided or not. */
export function callsPerStep(settings: Guidance, isBetween: boolean): number {
  return isBetween ? 4 : branchesOf(settings);
}

/** The style that a job's picture is drawn in before it is animated, a part of what comes before the steps. */
function styleOf({ form, parent }: EstimatedJob): string | undefined {
  // Kept frames are drawn in it already.
  return parent?.use === 'extend' ? undefined : form?.style;
}

function styleKey(style: string | undefined): string {
  return style === undefined ? '' : ` style ${style}`;
}

/** Estimates that are also stored. */
export function createEstimates({ store, known = new Map(), model, provider }: EstimatesOptions): Estimates {
  const estimates = new Map<string, Estimate>();
  /** By worker; who made a clip last is the last. A name that comes to stand for another machine is soon right again. */
  const byWorker = new Map<string, Map<string, Estimate>>();
  for (const [key, estimate] of known) {
    const own = parseWorkerKey(key);
    if (own === undefined) estimates.set(key, estimate);
    else measuredBy(own.worker).set(own.key, estimate);
  }

  /** Asked for every job that waits, at every event; nobody changes a job's settings. The key without and with a last picture. */
  const keys = new WeakMap<JobSettings, [plain?: string, between?: string]>();

  function keyOf(settings: JobSettings, isBetween: boolean): string {
    const known = keys.get(settings) ?? [];
    keys.set(settings, known);
    known[isBetween ? 1 : 0] ??= makeKey(settings, isBetween);
    return known[isBetween ? 1 : 0]!;
  }

  function makeKey(settings: JobSettings, isBetween: boolean): string {
    const all = { ...model.defaults, ...settings };
    const branches = branchesOf(all);
    const size = `${all.width}x${all.height}x${all.numFrames}`;
    // What a recipe may choose besides: how often a step is computed in part, and for which noise with guidance.
    const cheaper = `s${all.deepCacheInterval ?? 1} i${all.guidanceInterval?.join('-') ?? ''}`;
    return `${model.name} ${provider} ${size} b${branches} c${all.decodeChunkSize} ${cheaper}${isBetween ? ' e' : ''}`;
  }

  /** The network for enlarging is the same for every model; its seconds are those of a million pixels. */
  const upscaleKey = `${provider} upscale`;

  function mix(known: Map<string, Estimate>, key: string, measured: Estimate): Estimate {
    const before = known.get(key) ?? measured;
    const mixed = (part: keyof Estimate) => before[part] * (1 - newWeight) + measured[part] * newWeight;
    const after: Estimate = {
      secondsBefore: mixed('secondsBefore'),
      secondsPerStep: mixed('secondsPerStep'),
      secondsAfter: mixed('secondsAfter'),
    };
    known.set(key, after);
    return after;
  }

  function measuredBy(worker: string): Map<string, Estimate> {
    const measured = byWorker.get(worker) ?? new Map<string, Estimate>();
    byWorker.delete(worker);
    byWorker.set(worker, measured);
    return measured;
  }

  /** Under which keys that is stored which is known of workers that are too many. */
  function forgetOldest(): string[] {
    const [oldest] = byWorker;
    if (byWorker.size <= mostWorkers || oldest === undefined) return [];
    const [worker, measured] = oldest;
    byWorker.delete(worker);
    return [...measured.keys()].map((key) => workerKey({ worker, key }));
  }

  function find(
    job: EstimatedJob,
    from: ReadonlyMap<string, Estimate>,
    style: string | undefined,
  ): Estimate | undefined {
    const isBetween = isRenderedBetween(job);
    const own = from.get(keyOf(job.settings, isBetween) + styleKey(style));
    const other = own ?? from.get(keyOf(job.settings, !isBetween) + styleKey(style));
    if (own !== undefined || other === undefined) return own;
    const calls = callsPerStep({ ...model.defaults, ...job.settings }, isBetween);
    const otherCalls = callsPerStep({ ...model.defaults, ...job.settings }, !isBetween);
    return { ...other, secondsPerStep: (other.secondsPerStep * calls) / otherCalls };
  }

  return {
    of(job, worker) {
      const measured = worker === undefined ? undefined : byWorker.get(worker);
      const findStyled = (style: string | undefined) =>
        find(job, measured ?? estimates, style) ?? find(job, estimates, style);
      const style = styleOf(job);
      return findStyled(style) ?? (style === undefined ? undefined : findStyled(undefined));
    },
    upscaleSeconds({ settings, form }) {
      // Variations are shown as they are; what is picked is enlarged.
      if (form?.variations !== undefined) return 0;
      const { pixels } = expectUpscale({ ...model.defaults, ...settings }, form);
      const known = estimates.get(upscaleKey);
      return pixels === 0 ? 0 : known && (known.secondsPerStep * pixels) / 1e6;
    },
    async learn(job, clip, worker) {
      // Nobody knows here how many frames an extended clip has, and minterpolate's come after.
      const isPlain = !clip.extended && clip.interpolator !== 'minterpolate';
      if (clip.secondsPerStage.upscale > 0 && isPlain) {
        const { pixels } = expectUpscale(clip.settings, clip.form);
        const secondsPerStep = (clip.secondsPerStage.upscale * 1e6) / pixels;
        const measured: Estimate = { secondsBefore: 0, secondsPerStep, secondsAfter: 0 };
        await store.set(new Map([[upscaleKey, mix(estimates, upscaleKey, measured)]]));
      }
      // Earlier frames in another form, of which nothing was rendered, or variations, which are no whole clips.
      if (clip.secondsPerStage.denoise === 0 || clip.form.variations !== undefined) return;
      const seconds = clip.secondsPerStage;
      const measured: Estimate = {
        secondsBefore: seconds.prepare + seconds['encode-image'],
        secondsPerStep: seconds.denoise / clip.settings.numInferenceSteps,
        secondsAfter: seconds.decode + seconds['encode-video'] / (clip.form.smooth ? smoothFactor : 1),
      };
      const key = keyOf(job.settings, isRenderedBetween(job)) + styleKey(styleOf(job));
      const learned = new Map([[key, mix(estimates, key, measured)]]);
      if (worker !== undefined) learned.set(workerKey({ worker, key }), mix(measuredBy(worker), key, measured));
      await store.set(learned, forgetOldest());
    },
  };
}
