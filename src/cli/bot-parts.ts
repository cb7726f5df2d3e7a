import type { ShrinkClip } from '../bot/deliver-clip.ts';
import { presetNames, presets } from '../inference/pipeline/presets.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import type { LocalEngine } from '../queue/engine/local-engine.ts';
import type { WorkerInfo } from '../queue/engine/queue-engine.ts';
import { createJobHandler, type JobHandlerOptions } from '../queue/job-handler.ts';
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

/** A render process of this host, and what it is for. */
export interface BotWorker extends WorkerInfo {
  renderer: Pick<Renderer, 'render'>;
}

/** The only render process of a host: it does everything, one thing after another. */
export function soleWorker(renderer: Pick<Renderer, 'render'>): BotWorker[] {
  return [{ name: 'device', lane: 'render', renderer }];
}

/** Lets the render processes of this host take jobs. */
export function serveLocally(
  engine: LocalEngine,
  workers: readonly BotWorker[],
  options: Omit<JobHandlerOptions, 'renderer'>,
): void {
  for (const { renderer, ...worker } of workers) engine.serve(worker, createJobHandler({ ...options, renderer }));
}

/** What {@link createShrink} works with. */
export interface ShrinkOptions {
  workers: readonly BotWorker[];
  store: Pick<JobStore, 'picture'>;
}

/**
 * Encodes a clip anew from its kept frames. Nothing is rendered again; encoders run in render processes
 * alone, and in the one that does nothing else where there is one.
 */
export function createShrink({ workers, store }: ShrinkOptions): ShrinkClip {
  const { renderer } = workers.find(({ lane }) => lane === 'encode') ?? workers[0]!;
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
