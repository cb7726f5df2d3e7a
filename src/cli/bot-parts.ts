import type { ShrinkClip } from '../bot/deliver-clip.ts';
import { presetNames, presets } from '../inference/pipeline/presets.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import type { JobQueueOptions } from '../queue/job-queue.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import { chooseSize, resolveSettings } from '../worker/resolve-settings.ts';

/** A model as people in Discord may use it: with every recipe's settings, which follow from the model, and its rules. */
export function modelCapabilities(info: ModelInfo): ModelCapabilities {
  return {
    ...info,
    presets: Object.fromEntries(presetNames.map((name) => [name, presets[name].settings(info)])),
    // As the render process will resolve them; which seed is drawn decides nothing here.
    checkSettings: (settings) => void resolveSettings(info, settings, () => 0),
    resolveSettings: (settings) => resolveSettings(info, settings, () => 0),
    chooseSize: (shape, picture, area) => chooseSize(shape, picture, { area, limits: info.limits }),
  };
}

/** What {@link createShrink} works with. */
export interface ShrinkOptions {
  renderer: JobQueueOptions['renderer'];
  store: Pick<JobStore, 'picture'>;
}

/**
 * Encodes a clip anew from its kept frames. Nothing is rendered again, but it waits its turn at the renderer: encoders
 * run in the render process alone.
 */
export function createShrink({ renderer, store }: ShrinkOptions): ShrinkClip {
  return async (job, clip, { maxBytes, signal }) => {
    const { master, settings, fit, model, provider, extended, hasEndPicture } = clip;
    const picture = await store.picture(job.id);
    if (master === undefined || picture === undefined) return undefined;
    const metadata = {
      settings,
      model,
      provider,
      ...(extended && { extended }),
      ...(hasEndPicture && { hasEndPicture }),
    };
    const base = { master, use: 'reencode' as const, metadata };
    // A format that nobody chose gives way before the picture does.
    const form = { ...clip.form, ...(job.form?.format === 'auto' && { format: job.form.format }) };
    const smaller = await renderer.render({ picture, settings, fit, form, base, maxBytes }, { signal });
    // What the person reads of time is what the rendering took.
    return { ...smaller, master, secondsPerStage: clip.secondsPerStage };
  };
}

/**
 * The renderer, watched for what it renders on: where `auto` was configured, that shows with the first clip that is
 * rendered.
 */
export function watchProvider(
  renderer: JobQueueOptions['renderer'],
  configured: string,
): { renderer: JobQueueOptions['renderer']; usedProvider: () => string | undefined } {
  let used = configured === 'auto' ? undefined : configured;
  return {
    renderer: {
      async render(spec, options) {
        const clip = await renderer.render(spec, options);
        // Kept frames in another form say what they were rendered on, maybe long ago.
        if (spec.base?.use !== 'reencode') used = clip.provider;
        return clip;
      },
    },
    usedProvider: () => used,
  };
}
