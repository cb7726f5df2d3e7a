import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import { startFakeDiscord } from '../fake-discord/start-fake-discord.ts';
import type { FakeDiscord, FakeDiscordOptions } from '../fake-discord/types.ts';
import { modelInfo } from '../inference/pipeline/model-info.ts';
import { readSafetyConfig } from '../inference/pipeline/open-safety-check.ts';
import { readVideoSettings } from '../media/read-video-settings.ts';
import type { PageFiles } from '../playground/bundle-page.ts';
import { firstName, secondName } from '../playground/people.ts';
import {
  type ListenAt,
  type Playground,
  type PlaygroundOptions,
  startPlayground,
} from '../playground/start-playground.ts';
import type { Log } from '../util/log.ts';
import { createPictureChecker } from '../worker/picture-checker.ts';
import { createWorkerPool, type WorkerPool } from '../worker/worker-pool.ts';
import { type BotDependencies, startBot } from './app.ts';
import { modelCapabilities, soleWorker } from './bot-parts.ts';
import { locateModel } from './locate-model.ts';
import { rendererOptionsOf, tellStyles } from './render-parts.ts';

/** Where the sample pictures are; beside src/ as beside dist/. */
const samplesDir = fileURLToPath(new URL('../../assets', import.meta.url));

/** The bot's own limit is out of the way, so that the switch for the place's decides. */
const maxUploadBytes = 100 * 1024 * 1024;

/** As Discord: about 5 calls per 5 s and route. */
const rateLimit = { limit: 5, windowSeconds: 5 } as const;

/** What {@link openPlayground} works with. */
export interface OpenPlaygroundOptions extends Partial<Pick<PlaygroundOptions, 'maxSockets' | 'uploads' | 'clock'>> {
  config: Config;
  /** For the render process, which gets an allow-list of it. */
  environment: Readonly<Record<string, string | undefined>>;
  page: PageFiles;
  listenAt: ListenAt;
  /** Undefined: a temporary folder that is gone at the end. */
  dataDir: string | undefined;
  log: Log;
  /** For tests, which must not wait. */
  discord?: FakeDiscordOptions;
  bot?: Partial<Pick<BotDependencies, 'editGapMs' | 'checkPicture'>>;
  renderer?: Omit<WorkerPool, 'pid' | 'isLate'>;
}

/** A playground, and the stand-in it plays on. */
export interface OpenedPlayground extends Playground {
  readonly discord: FakeDiscord;
}

/**
 * Puts a playground together: the stand-in of Discord, the renderer, and the bot as `kinora bot` runs it.
 * @throws ConfigError the model, the data folder, the port or the host cannot be used
 */
export async function openPlayground(options: OpenPlaygroundOptions): Promise<OpenedPlayground> {
  const { environment, page, listenAt, log, discord: discordOptions, bot: botOptions, ...others } = options;
  const { config, configs } = await locateModel(options.config, environment);
  const { execution, safety, styleDir, previewSeconds, reactionEmoji = '🎬' } = config;
  const model = modelCapabilities(modelInfo(configs), await tellStyles(styleDir, log));
  if (safety !== undefined) await readSafetyConfig(safety.modelDir);

  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  try {
    const dataDir = await dataFolder(options.dataDir, closers);
    const discord = await startFakeDiscord({
      messageContentIntent: true,
      rateLimit,
      names: { owner: firstName, user: secondName },
      ...discordOptions,
    });
    closers.push(discord.close);
    const renderer = options.renderer ?? createWorkerPool({ ...rendererOptionsOf(config), environment, log });
    if (options.renderer === undefined) closers.push(renderer.close);
    const checker = createPictureChecker({ environment, pictures: rendererOptionsOf(config).pictures, log });
    closers.push(async () => checker.close());
    const playground = await startPlayground({
      discord,
      page,
      listenAt,
      log,
      samplesDir,
      reactionEmoji,
      ...others,
      model: { name: model.name, description: configs.proposals.description ?? `The model in ${configs.dir}.` },
      killRenderProcess: () => renderer.killProcess(),
      startBot: () =>
        startBot(
          {
            dataDir,
            maxUploadBytes,
            reactionEmoji,
            provider: execution.provider,
            discordToken: discord.token,
            discordApiUrl: discord.apiUrl,
            discordCdnUrl: discord.cdnUrl,
            attachmentHosts: [discord.cdnHost],
            limits: config.limits,
            retentionHours: config.retentionHours,
            pingAfterMs: config.pingAfterMs,
            previewSeconds,
          },
          {
            workers: soleWorker(renderer),
            model,
            log,
            checkPicture: checker.checkBeforeQueueing,
            readSettings: readVideoSettings,
            ...botOptions,
          },
        ),
    });
    closers.push(playground.close);
    return { url: playground.url, discord, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Makes the folder of the bot's data; a temporary one is taken away again by the last of `closers`. */
async function dataFolder(wanted: string | undefined, closers: (() => Promise<unknown>)[]): Promise<string> {
  if (wanted !== undefined) {
    await mkdir(wanted, { recursive: true });
    return resolve(wanted);
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'kinora-playground-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}
