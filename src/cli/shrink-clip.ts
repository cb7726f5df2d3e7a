import type { ShrinkClip } from '../bot/deliver-clip.ts';
import type { JobQueueOptions } from '../queue/job-queue.ts';
import type { JobStore } from '../storage/job-store.ts';

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
    const { master, settings, fit, form, model, provider } = clip;
    const picture = await store.picture(job.id);
    if (master === undefined || picture === undefined) return undefined;
    const base = { master, use: 'reencode' as const, metadata: { settings, model, provider } };
    const smaller = await renderer.render({ picture, settings, fit, form, base, maxBytes }, { signal });
    // What the person reads of time is what the rendering took.
    return { ...smaller, master, secondsPerStage: clip.secondsPerStage };
  };
}
