import type { ShrinkClip } from '../bot/deliver-clip.ts';
import { presetNames, presets } from '../inference/pipeline/presets.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import { resolveSettings } from '../worker/resolve-settings.ts';
import type { Renderer } from '../worker/types.ts';

/** A model as people in Discord may use it: with every recipe's settings, which follow from the model, and its rules. */
export function modelCapabilities(info: ModelInfo): ModelCapabilities {
  return {
    ...info,
    presets: Object.fromEntries(presetNames.map((name) => [name, presets[name].settings(info)])),
    // As the render process will resolve them; which seed is drawn decides nothing here.
    checkSettings: (settings) => void resolveSettings(info, settings, () => 0),
  };
}

/** What {@link createShrink} works with. */
export interface ShrinkOptions {
  renderer: Pick<Renderer, 'render'>;
  store: Pick<JobStore, 'picture'>;
}

/**
 * Encodes a clip anew from its kept frames. Nothing is rendered again, but it waits its turn at the renderer: encoders
 * run in the render process alone.
 */
export function createShrink({ renderer, store }: ShrinkOptions): ShrinkClip {
  return async (job, clip, { maxBytes, signal }) => {
    const { master, settings, fit, form, model, provider } = clip;
    const picture = await store.picture(job.id);
    if (master === undefined || picture === undefined) return undefined;
    const base = { master, use: 'reencode' as const, metadata: { settings, model, provider } };
    const smaller = await renderer.render({ picture, settings, fit, form, base, maxBytes }, { signal });
    // What the person reads of time is what the rendering took.
    return { ...smaller, master, secondsPerStage: clip.secondsPerStage };
  };
}
