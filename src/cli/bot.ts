import { type Config, readConfig, requireDiscordToken, requireRemote } from '../config/config.ts';
import { ConfigError, JobCancelledError } from '../errors.ts';
import { modelInfo } from '../inference/pipeline/model-info.ts';
import { modelNotes } from '../inference/pipeline/open-checkpoint.ts';
import { readSafetyConfig } from '../inference/pipeline/open-safety-check.ts';
import { readVideoSettings } from '../media/read-video-settings.ts';
import { listModelFiles } from '../operations/model-files.ts';
import { type Operations, startOperations } from '../operations/operations.ts';
import type { Log } from '../util/log.ts';
import { createFleet } from '../worker/fleet.ts';
import { createPictureChecker } from '../worker/picture-checker.ts';
import { type BotDependencies, type RunningBot, startBot } from './app.ts';
import { modelCapabilities } from './bot-parts.ts';
import { chooseDevices } from './choose-devices.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import { createLog } from './create-log.ts';
import { warnOfBlobStore } from './doctor/check-blob-store.ts';
import { warnOfRedis } from './doctor/check-redis.ts';
import { guardProcess, type ProcessGuard } from './guard-process.ts';
import { type CliIo, packageVersion } from './io.ts';
import { locateModel } from './locate-model.ts';
import { rendererOptionsOf, tellStyles } from './render-parts.ts';
import { describeModel } from './worker.ts';

const line = {
  name: 'kinora bot',
  about:
    'Connects to Discord and serves until SIGTERM or SIGINT. Settings come from the environment: see .env.example.',
};

/** `kinora bot`: serves until it is told to stop; what is under way then goes on at the next start. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  if (readCommandLine(line, argv) === undefined) return showHelp(line, io);
  const written = readConfig(io.environment);
  const discordToken = requireDiscordToken(written);
  const { config, configs, notice } = await locateModel(written, io.environment);
  const log = createLog(config.logLevel, io.stdout, {
    format: config.logFormat,
    secrets: [discordToken, config.hubToken, config.remote.token, config.remote.queueUrl, ...blobSecrets(config)],
  });
  if (notice !== undefined) log.info({ modelDir: config.modelDir }, notice);
  const model = modelCapabilities(modelInfo(configs), await tellStyles(config.styleDir, log));
  for (const note of await modelNotes(configs)) log.warn({ modelDir: config.modelDir }, note);
  // What the operator has to mend is told now, and not by the first job.
  if (config.safety !== undefined) await readSafetyConfig(config.safety.modelDir);
  const isRemote = config.remote.queueUrl !== undefined;
  if (config.devices?.length === 0 && !isRemote) {
    throw new ConfigError('devices-none', 'DEVICES=none leaves nobody to make clips: set QUEUE_URL, or DEVICES=auto.');
  }
  const remote = isRemote && {
    ...requireRemote(config, ['queueUrl', 'listen', 'token']),
    needs: await describeModel(configs, config, model.styles),
    blobs: config.blobs,
  };
  const devices = await chooseDevices(config, {
    ...io,
    onPassedOver: (reason) => log.warn({ reason }, 'the cards are passed over: CUDA does not work here'),
  });
  log.info({ devices: devices.map(({ name }) => name) }, 'clips are made on these devices');
  const operations = await listenFor(config, { dir: configs.dir, log });
  const common = { ...rendererOptionsOf(config), environment: io.environment, log, metrics: operations?.metrics };
  const fleet = createFleet(common, devices);
  operations?.watchRenderers(fleet.members.flatMap(({ lane, renderer }) => (lane === 'render' ? [renderer] : [])));
  const checker = createPictureChecker({
    environment: io.environment,
    pictures: rendererOptionsOf(config).pictures,
    log,
  });
  await warnOfRedis(config.remote.queueUrl, log);
  if (isRemote) await warnOfBlobStore(config.blobs, log);
  const guard = guardProcess(log);
  try {
    const bot = await startBot(
      { ...config, discordToken, provider: config.execution.provider, remote: remote || undefined },
      {
        workers: fleet.members,
        model,
        log,
        signal: io.signal,
        checkPicture: checker.checkBeforeQueueing,
        readSettings: readVideoSettings,
        operations,
      },
    );
    await serve(bot, { signal: io.signal, log, crashed: guard.crashed });
  } catch (error) {
    // Told to stop while it waited for Discord: that is no failure.
    if (!(error instanceof JobCancelledError && io.signal.aborted)) throw error;
  } finally {
    checker.close();
    await fleet.close();
    await operations?.close();
    guard.release();
  }
  return 0;
}

function blobSecrets({ blobs }: Config): (string | undefined)[] {
  return [blobs?.credentials?.secretAccessKey, blobs?.credentials?.sessionToken];
}

/** Undefined where nothing is to be listened on. */
async function listenFor(
  { httpListen, remote, loras = [] }: Pick<Config, 'httpListen' | 'remote' | 'loras'>,
  { dir, log }: { dir: string; log: Log },
): Promise<Operations | undefined> {
  if (httpListen === undefined) return undefined;
  const added = loras.map(({ file }) => file);
  return startOperations({
    listen: httpListen,
    version: await packageVersion(),
    engine: remote.queueUrl === undefined ? 'local' : 'bullmq',
    modelFiles: await listModelFiles(dir, added),
    log,
  });
}

async function serve(
  bot: RunningBot,
  { signal, log, crashed }: Pick<CliIo, 'signal'> & Pick<BotDependencies, 'log'> & Pick<ProcessGuard, 'crashed'>,
) {
  // Timers of the bot do not keep the process alive, and between two connections nothing else would.
  const keepAlive = setInterval(() => {}, 2 ** 30);
  try {
    await Promise.race([bot.lost, crashed, aborted(signal)]);
    log.info({}, 'going down: running and waiting jobs are kept for the next start');
  } finally {
    await bot.stop();
    clearInterval(keepAlive);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
