import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../config/config.ts';
import { AppError } from '../errors.ts';
import type { ApiMessage } from '../fake-discord/payloads.ts';
import { startFakeDiscord } from '../fake-discord/start-fake-discord.ts';
import type { FakeDiscord } from '../fake-discord/types.ts';
import { modelInfo } from '../inference/pipeline/model-info.ts';
import { checkFile } from '../media/check-file.ts';
import { readVideoSettings } from '../media/read-video-settings.ts';
import type { Renderer } from '../worker/types.ts';
import { createWorkerPool } from '../worker/worker-pool.ts';
import { startBot } from './app.ts';
import { modelCapabilities, soleWorker } from './bot-parts.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import { createLog } from './create-log.ts';
import type { CliIo } from './io.ts';
import { type LocatedModel, locateModel } from './locate-model.ts';
import { openOutputFile } from './output-file.ts';
import { createRenderProgress, type RenderProgressView } from './render-progress.ts';
import { formatDuration } from './transfer-progress.ts';

const line = {
  name: 'kinora demo',
  about:
    'Lets a made-up person animate a sample picture through the real bot, connected to a local stand-in of Discord. ' +
    'The clip goes to out/demo.mp4. Needs no token and no network.',
};

const picturePath = fileURLToPath(new URL('../../assets/rocket.jpg', import.meta.url));
const clipPath = join('out', 'demo.mp4');

/** `kinora demo`: the whole way from `/animate` to the delivered clip, in one process and its render child. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  if (readCommandLine(line, argv) === undefined) return showHelp(line, io);
  // A clip within half a minute is what the demo is for: a large model is taken only if MODEL_DIR says so.
  const config = { ...readConfig(io.environment), isModelDefault: false };
  const located = await locateModel(config, io.environment);
  const startedAtMs = Date.now();
  const output = await openOutputFile(clipPath);
  try {
    await output.write(await clipThroughDiscord(located, io));
  } finally {
    await output.discard();
  }
  io.stdout.write(`\n${clipPath} is ready, ${formatDuration((Date.now() - startedAtMs) / 1000)} after the start.\n`);
  return 0;
}

/** Sets up the stand-in, the renderer and the bot, asks for a clip, and takes all down again. */
async function clipThroughDiscord({ config, configs }: LocatedModel, io: CliIo): Promise<Uint8Array> {
  // What everybody logs at `info` is told by the demo itself.
  const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel, io.stderr, { format: config.logFormat });
  const {
    modelDir,
    loras,
    execution,
    ffmpegPath,
    modelIdleSeconds: idleSeconds,
    stallSeconds,
    maxUploadBytes,
  } = config;
  const info = modelInfo(configs);
  const model = modelCapabilities(info);
  const dataDir = await mkdtemp(join(tmpdir(), 'kinora-demo-'));
  const progress = createRenderProgress(io.stdout, Date.now);
  const options = {
    modelDir,
    loras,
    execution,
    ffmpegPath,
    idleSeconds,
    stallSeconds,
    environment: io.environment,
    log,
  };
  const renderer = watched(createWorkerPool(options), progress);
  const discord = await startFakeDiscord();
  try {
    const [discordToken, attachmentHosts] = [discord.token, [discord.cdnHost]];
    const bot = await startBot(
      {
        discordToken,
        discordApiUrl: discord.apiUrl,
        discordCdnUrl: discord.cdnUrl,
        attachmentHosts,
        maxUploadBytes,
        dataDir,
        provider: execution.provider,
      },
      {
        workers: soleWorker(renderer),
        model,
        log,
        checkPicture: async (bytes) => void checkFile(bytes),
        readSettings: readVideoSettings,
      },
    );
    try {
      io.stdout.write(
        `The bot is connected to a stand-in of Discord at ${discord.apiUrl}; the model is ${model.name}.\n`,
      );
      if (info.description !== undefined) io.stdout.write(`${info.description}\n`);
      return await askForClip(discord, io, { progress, extras: improvements(info) });
    } finally {
      await bot.stop();
    }
  } finally {
    progress.stop();
    await renderer.close();
    await discord.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Types `/animate` as a person would, shows what the bot says, and downloads what it delivers. */
async function askForClip(
  discord: FakeDiscord,
  io: CliIo,
  { progress, extras }: { progress: RenderProgressView; extras: ReturnType<typeof improvements> },
): Promise<Uint8Array> {
  await discord.waitForCommands(['animate']);
  const image = { name: 'rocket.jpg', bytes: await readFile(picturePath) };
  io.stdout.write(`A person types /animate and attaches ${relative('.', picturePath)}.\n`);
  discord.onChange((change) => {
    if (change.kind !== 'message-create' && change.kind !== 'message-update') return;
    if (change.message.content === '') return;
    progress.stop();
    io.stdout.write(`${asShown(change.message.content).replace(/^/gm, '  bot | ')}\n`);
  });
  const asked = discord.invoke({
    command: 'animate',
    attachments: { image },
    options: { seed: 7, ...extras },
  });
  const answer = await untilAborted(asked.waitForMessage(isFinal, { timeoutMs: 2 ** 31 - 1 }), io.signal);
  const clip = answer.attachments[0];
  if (clip === undefined) throw new AppError('demo-failed', `The bot answered: ${answer.content}`);
  const [violation] = discord.violations();
  if (violation !== undefined) throw new AppError('demo-failed', `Discord would have refused: ${violation}`);
  return (await discord.download(clip.url)).bytes;
}

/** A clip, or why there is none: a failure has no buttons, and "thinking" has no words. */
function isFinal({ content, components, attachments }: ApiMessage): boolean {
  return attachments.length > 0 || (content !== '' && components.length === 0);
}

/** Moments as Discord's clients show them: `<t:…:R>` counts down. */
function asShown(content: string): string {
  return content.replace(
    /<t:(\d+):R>/g,
    (_, unix: string) => `in ${formatDuration(Math.max(0, Number(unix) - Date.now() / 1000))}`,
  );
}

/** The same renderer, with its progress shown as well. */
function watched(renderer: Renderer, progress: RenderProgressView): Renderer {
  return {
    render: (spec, { signal, onProgress } = {}) =>
      renderer.render(spec, {
        ...(signal && { signal }),
        onProgress(news) {
          progress.update(news);
          onProgress?.(news);
        },
      }),
    close: renderer.close,
  };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** Pixels of a whole clip, up to which a processor computes frames in between in seconds. */
const mostPixels = 25 * 320 * 320;

/** What makes a small model's clip worth a look: frames in between. To enlarge them too took half a minute more on two cores. */
function improvements({ defaults: { width, height, numFrames } }: ReturnType<typeof modelInfo>): { smooth?: true } {
  return width * height * numFrames <= mostPixels ? { smooth: true } : {};
}
