import sharp from 'sharp';
import { expect, onTestFinished } from 'vitest';
import { type BotConfig, type BotDependencies, type RunningBot, startBot } from '../../src/cli/app.ts';
import { soleWorker } from '../../src/cli/bot-parts.ts';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { FakeDiscord, FakeDiscordOptions, FileInput, InteractionHandle } from '../../src/fake-discord/types.ts';
import { checkFile } from '../../src/media/check-file.ts';
import { readVideoSettings } from '../../src/media/read-video-settings.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import type { Renderer } from '../../src/worker/types.ts';
import { dataFolder } from '../support/data-folder.ts';
import { discordDeviations } from '../support/discord-schemas.ts';
import { tinyModel } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';

const patience = { timeoutMs: 240_000 };

/** A stand-in of Discord with the real bot connected to it. Both end with the test; violations fail it. */
export interface Stage {
  discord: FakeDiscord;
  log: ReturnType<typeof createRecordingLog>;
  dataDir: string;
  /** The bot that was started first. */
  bot: RunningBot;
  /** Starts a bot over the same data; the first one is started already. */
  startBot(): Promise<RunningBot>;
  /** Ends the running bot as SIGTERM would. */
  stopBot(): Promise<void>;
}

/** For `editGapMs`: one status edit, then silence until the last word. */
export const hourMs = 3_600_000;

/** What a test may choose. */
export interface StageOptions extends Pick<BotDependencies, 'clock' | 'editGapMs' | 'fetch' | 'signal' | 'operations'> {
  renderer: Pick<Renderer, 'render'>;
  /** Default: the renderer alone. */
  workers?: BotDependencies['workers'];
  model?: BotDependencies['model'];
  discord?: FakeDiscordOptions;
  attachmentHosts?: readonly string[];
  /** Default: a look at the first bytes alone. */
  checkPicture?: BotDependencies['checkPicture'];
  /** Gets what the bot logs besides the stage's own log. */
  log?: BotDependencies['log'];
  /** Called before the first bot starts. */
  beforeStart?: (discord: FakeDiscord) => void;
  /** What else the operator set. */
  config?: Partial<Omit<BotConfig, 'discordToken' | 'discordApiUrl' | 'attachmentHosts' | 'dataDir'>>;
}

/** Sets the stage. Call it in the test that plays on it. */
export async function setStage({
  renderer,
  workers,
  model = tinyModel,
  discord: fakeOptions,
  attachmentHosts,
  beforeStart = () => {},
  checkPicture = async (bytes) => void checkFile(bytes),
  config = {},
  clock = systemClock,
  // Edits as fast as they come: how they are spaced is shown with a clock of its own.
  editGapMs = 0,
  fetch = globalThis.fetch,
  operations,
  log: writtenTo,
  signal,
}: StageOptions): Promise<Stage> {
  const discord = await startFakeDiscord({ validate: discordDeviations, ...fakeOptions });
  const log = createRecordingLog(writtenTo);
  const dataDir = dataFolder();
  const running = new Set<{ stop(): Promise<void> }>();

  async function start() {
    const bot = await startBot(
      {
        discordToken: discord.token,
        discordApiUrl: discord.apiUrl,
        discordCdnUrl: discord.cdnUrl,
        attachmentHosts: attachmentHosts ?? [discord.cdnHost],
        maxUploadBytes: 10 * 1024 * 1024,
        dataDir,
        provider: 'cpu',
        ...config,
      },
      {
        workers: workers ?? soleWorker(renderer),
        model,
        log,
        clock,
        checkPicture,
        readSettings: readVideoSettings,
        editGapMs,
        fetch,
        operations,
        ...(signal && { signal }),
      },
    );
    running.add(bot);
    return bot;
  }

  async function stopBot() {
    for (const bot of running) {
      running.delete(bot);
      await bot.stop();
    }
  }

  onTestFinished(async () => {
    await stopBot();
    const violations = discord.violations();
    await discord.close();
    expect(violations).toEqual([]);
  });
  beforeStart(discord);
  const bot = await start();
  await discord.waitForCommands(['animate']);
  return { discord, log, dataDir, bot, startBot: start, stopBot };
}

/** A fetch that notes which attachments it is asked for, and of which part. */
export function watchedFetch(): { fetch: typeof globalThis.fetch; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    fetch(input, init) {
      asked.push(new Headers(init?.headers).get('range') ?? 'whole');
      return globalThis.fetch(input, init);
    },
  };
}

/**
 * The machine's clock, but nobody waits long, unless for hours. In proportion: what comes again and again, as the lease's
 * renewal every 5 s, would otherwise keep a core busy.
 */
export const hastyClock: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(delayMs < hourMs ? delayMs / 300 : delayMs, callback),
};

/** A picture that every model takes. */
export const smallPicture: FileInput = {
  name: 'small.png',
  bytes: await sharp({ create: { width: 64, height: 48, channels: 3, background: '#3a7' } })
    .png()
    .toBuffer(),
};

/** Whether a message carries a finished clip. */
export const isClip = (message: ApiMessage): boolean =>
  message.attachments.some(({ filename }) => /^(SPOILER_)?kinora-.*\.(mp4|gif|webp)$/.test(filename));

/** The delivered clip's message. Patient: other tests may want the processor too. */
export function clipOf(handle: Pick<InteractionHandle, 'waitForMessage'>): Promise<ApiMessage> {
  return handle.waitForMessage(isClip, patience);
}

/** The custom id of a message's button. */
export function buttonOf(message: Pick<ApiMessage, 'components'> | undefined, label: string): string {
  const buttons = message?.components.flatMap(({ components = [] }) => components) ?? [];
  return buttons.find((button) => button.label === label)?.custom_id ?? `no button ${label}`;
}

/** The message that explains a failure. */
export function failureOf(handle: InteractionHandle): Promise<ApiMessage> {
  return handle.waitForMessage(({ content }) => content.startsWith('⚠️'), patience);
}
