import type { ShrinkClip } from '../bot/deliver-clip.ts';
import { ConfigError } from '../errors.ts';
import { presetNames, presets } from '../inference/pipeline/presets.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import type { JobQueueOptions } from '../queue/job-queue.ts';
import { openDatabase } from '../storage/database.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import { describeHolder, type Lease, takeLease } from '../storage/lease.ts';
import type { Database } from '../storage/sqlite.ts';
import { systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { resolveSettings } from '../worker/resolve-settings.ts';

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

/** An open data folder that no other process works with. */
export interface DataFolder {
  database: Database;
  lease: Lease;
  /** Rejects with ConfigError `data-in-use` when another process has taken it over. Never resolves. */
  lost: Promise<never>;
}

/**
 * Opens DATA_DIR and takes its lease.
 * @throws ConfigError it cannot be used, e.g. because another bot works with it
 */
export function openDataFolder(dataDir: string, log: Log): DataFolder {
  const database = openDatabase(dataDir);
  let lose = (_: ConfigError) => {};
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
  });
  lost.catch(() => {});
  // Of the machine's clock: it is about processes, and no test's time is theirs.
  const lease = takeLease(database, {
    clock: systemClock,
    log,
    onLost: (taker) =>
      lose(new ConfigError('data-in-use', `DATA_DIR=${dataDir} was taken over: ${describeHolder(taker)}.`)),
  });
  return { database, lease, lost };
}
