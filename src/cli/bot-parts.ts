import type { ShrinkClip } from '../bot/deliver-clip.ts';
import { isTransient } from '../bot/discord-errors.ts';
import { type RegisterCommandsOptions, registerCommands, withoutUserInstalls } from '../bot/register-commands.ts';
import { handlers } from '../commands/index.ts';
import { ConfigError } from '../errors.ts';
import { presetNames, presets } from '../inference/pipeline/presets.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import type { LocalEngine } from '../queue/engine/local-engine.ts';
import type { WorkerInfo } from '../queue/engine/queue-engine.ts';
import { createJobHandler, type JobHandlerOptions } from '../queue/job-handler.ts';
import type { StyleName } from '../settings/style.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import { describeHolder, takeLease } from '../storage/lease.ts';
import type { Database } from '../storage/sqlite.ts';
import { systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type RetryOptions, type RetryPolicy, retry } from '../util/retry.ts';
import { chooseSize, resolveSettings } from '../worker/resolve-settings.ts';
import type { Clip, Renderer } from '../worker/types.ts';

/** A model as people in Discord may use it: with every recipe's settings, which follow from the model, and its rules. */
export function modelCapabilities(info: ModelInfo, styles: readonly StyleName[] = []): ModelCapabilities {
  return {
    ...info,
    styles: styles.map(({ name, hash }) => ({ name, hash })),
    presets: Object.fromEntries(presetNames.map((name) => [name, presets[name].settings(info)])),
    // As the render process will resolve them; which seed is drawn decides nothing here.
    checkSettings: (settings) => void resolveSettings(info, settings, () => 0),
    resolveSettings: (settings) => resolveSettings(info, settings, () => 0),
    chooseSize: (shape, picture, area) => chooseSize(shape, picture, { area, limits: info.limits }),
  };
}

/** Takes the data folder for this process; `lost` rejects when another process has taken it over, and never resolves. */
export function holdData(database: Database, { dataDir, log }: { dataDir: string; log: Log }) {
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
  return { lease, lost };
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
    const { master, settings, fit, model, provider, extended, hasEndPicture } = clip;
    const picture = await store.picture(job.id);
    // Of variations it is no frames.
    if (master === undefined || picture === undefined || clip.form.variations !== undefined) return undefined;
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
 * The workers, watched for what they render on: where `auto` was configured, that shows with the first clip that is
 * rendered, here or, by `onClip`, on another host. A host that renders nothing itself knows of its configuration nothing.
 */
export function watchProvider(workers: readonly BotWorker[], configured: string) {
  const rendersHere = workers.some(({ lane }) => lane === 'render');
  let used = configured === 'auto' || !rendersHere ? undefined : configured;
  return {
    workers: workers.map(
      ({ renderer, ...worker }): BotWorker => ({
        ...worker,
        renderer: {
          async render(spec, options) {
            const clip = await renderer.render(spec, options);
            // Kept frames in another form say what they were rendered on, maybe long ago.
            if (spec.base?.use !== 'reencode') used = clip.provider;
            return clip;
          },
        },
      }),
    ),
    onClip({ provider, secondsPerStage }: Pick<Clip, 'provider' | 'secondsPerStage'>): void {
      if (secondsPerStage.denoise > 0) used = provider;
    },
    /** Before there was a clip: what the workers say of themselves. */
    usedProvider: (known: readonly AnnouncedWorker[]): string | undefined => used ?? announcedProvider(known),
  };
}

type AnnouncedWorker = Pick<WorkerInfo, 'lane' | 'facts' | 'unfit'>;

/** What the workers say that they render on, each once; undefined where none says it. */
function announcedProvider(workers: readonly AnnouncedWorker[]): string | undefined {
  const fit = workers.filter(({ lane, unfit }) => lane === 'render' && unfit === undefined);
  const named = new Set(fit.flatMap(({ facts }) => (facts?.provider === undefined ? [] : [String(facts.provider)])));
  named.delete('auto');
  return named.size === 0 ? undefined : [...named].sort().join(', ');
}

/**
 * While Discord cannot be reached. discord.js retries 5xx at once, which a hiccup outlives, and reset connections not at
 * all; its login can be tried only once.
 */
export const discordPolicy: RetryPolicy = { firstMs: 1_000, factor: 2.6, maxMs: 60_000 };

/** What Discord is told of the commands. It takes a while, so it is made before anybody can ask for anything. */
export function declareCommands(model: ModelCapabilities, { userInstalls }: { userInstalls: boolean }) {
  const declarations = [
    ...handlers.commands.map((command) => command.declare(model)),
    ...[...handlers.messageCommands, ...handlers.userCommands].map((command) => command.declare()),
  ];
  // Whether people may add the app to their own account.
  return userInstalls ? declarations : withoutUserInstalls(declarations);
}

/**
 * Tells Discord the commands, and waits for it where it is away. Commands that it refuses are left as they were.
 * @throws the signal's reason where that was aborted
 */
export async function tellCommands(
  application: RegisterCommandsOptions,
  { commands, patience }: { commands: ReturnType<typeof declareCommands>; patience: RetryOptions },
): Promise<void> {
  const { log } = application;
  try {
    await retry(() => registerCommands(commands, application), {
      ...patience,
      shouldRetry: isTransient,
      onRetry: (err, { delayMs }) => log.warn({ err, delayMs }, 'the commands could not be registered; trying again'),
    });
  } catch (err) {
    if (patience.signal?.aborted) throw err;
    log.error({ err }, 'Discord refuses the commands; the bot goes on with those that are registered');
  }
}
