import { hostname, totalmem } from 'node:os';
import { type Config, readConfig, requireRemote } from '../config/config.ts';
import { JobCancelledError } from '../errors.ts';
import { framesVersion, modelDigest } from '../inference/pipeline/fingerprint.ts';
import type { ModelConfigs } from '../inference/pipeline/load-model.ts';
import { readSafetyConfig } from '../inference/pipeline/open-safety-check.ts';
import type { BullmqTiming } from '../queue/engine/bullmq-connection.ts';
import type { TaskHandler } from '../queue/engine/queue-engine.ts';
import { createJobHandler } from '../queue/job-handler.ts';
import { createHttpAccess } from '../remote/http-access.ts';
import type { WorkerNeeds } from '../remote/worker-needs.ts';
import { type StyleName, styleId } from '../settings/style.ts';
import { sleep, systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { createFleet, type FleetMember } from '../worker/fleet.ts';
import type { RenderProgress } from '../worker/types.ts';
import { chooseDevices } from './choose-devices.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import { createLog } from './create-log.ts';
import { guardProcess } from './guard-process.ts';
import { type CliIo, packageVersion } from './io.ts';
import { locateModel } from './locate-model.ts';
import { rendererOptionsOf, tellStyles } from './render-parts.ts';

const line = {
  name: 'kinora worker',
  about:
    "Makes clips for a bot on another host, until SIGTERM or SIGINT. It needs QUEUE_URL, WORKER_URL, WORKER_TOKEN and the bot's model: " +
    'no database, and no token of Discord. docs/operating.md says how hosts work together.',
};

/** How often a worker that the bot has no use for asks again: the bot may be another one by now. */
const askAgainMs = 30_000;

/** What a worker has in common with its bot, or not. */
export async function describeModel(
  configs: ModelConfigs,
  { safety }: Pick<Config, 'safety'>,
  styles: readonly StyleName[] = [],
): Promise<WorkerNeeds> {
  return {
    model: configs.name,
    fingerprint: await modelDigest(configs),
    frames: framesVersion,
    safety: safety?.threshold ?? 0,
    styles: styles.map(styleId),
    kinora: await packageVersion(),
  };
}

/** `kinora worker`: makes clips for a bot until it is told to stop; what it has is then somebody else's. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  if (readCommandLine(line, argv) === undefined) return showHelp(line, io);
  await runWorker(readConfig(io.environment), io);
  return 0;
}

/** What a test sets otherwise, or watches. */
export interface WorkerChanges {
  engine?: Partial<BullmqTiming>;
  /** Between two states of a render that are kept, in seconds. */
  checkpointSeconds?: number;
  /** The file that its render processes run. */
  entry?: URL;
  /** What the bot is asked with. */
  fetch?: typeof globalThis.fetch;
  /** Hears of every step, before anybody else does. */
  onProgress?: (jobId: string, progress: RenderProgress) => void;
}

/**
 * Works until `io.signal` is aborted.
 * @throws ConfigError something that a worker needs is not set, or the bot refuses the token
 */
export async function runWorker(written: Config, io: CliIo, changes: WorkerChanges = {}): Promise<void> {
  const { queueUrl, url, token } = requireRemote(written, ['queueUrl', 'url', 'token']);
  const { config, configs, notice } = await locateModel(written, io.environment);
  const log = createLog(config.logLevel, io.stdout, { format: config.logFormat, secrets: [token, queueUrl] });
  if (notice !== undefined) log.info({ modelDir: config.modelDir }, notice);
  if (config.safety !== undefined) await readSafetyConfig(config.safety.modelDir);
  const { checkpointSeconds, entry } = changes;
  const devices = await chooseDevices(config, {
    ...io,
    onPassedOver: (reason) => log.warn({ reason }, 'the cards are passed over: CUDA does not work here'),
  });
  const fleet = createFleet(
    {
      ...rendererOptionsOf(config),
      ...(checkpointSeconds !== undefined && { checkpointSeconds }),
      ...(entry && { entry }),
      environment: io.environment,
      log,
    },
    devices,
  );
  const name = config.remote.name ?? `${hostname().slice(0, 60)}-${process.pid}`;
  const model = await describeModel(configs, config, await tellStyles(config.styleDir, log));
  const guard = guardProcess(log);
  // Nothing else keeps the process alive between two connections.
  const keepAlive = setInterval(() => {}, 2 ** 30);
  try {
    const members = fleet.members.filter(({ lane }) => lane === 'render');
    const work = members.map((member) =>
      takeJobs(member, {
        name: `${name} ${member.name}`,
        model,
        queueUrl,
        url,
        token,
        changes,
        signal: io.signal,
        log,
      }),
    );
    log.info({ worker: name, devices: devices.map(({ name: device }) => device), bot: url }, 'making clips for a bot');
    await Promise.race([Promise.all(work), guard.crashed]);
  } catch (error) {
    if (!(error instanceof JobCancelledError && io.signal.aborted)) throw error;
  } finally {
    clearInterval(keepAlive);
    await fleet.close();
    guard.release();
  }
}

/** What one device of a worker works with. */
interface TakeJobsOptions {
  name: string;
  model: WorkerNeeds;
  queueUrl: string;
  url: string;
  token: string;
  changes: WorkerChanges;
  signal: AbortSignal;
  log: Log;
}

/** Lets one device make clips for as long as the bot has use for it, and asks again where it has none. */
async function takeJobs(member: FleetMember, options: TakeJobsOptions): Promise<void> {
  const { name, model, queueUrl, url, token, signal, log } = options;
  const { engine, fetch, onProgress } = options.changes;
  const clock = systemClock;
  const facts = {
    ...model,
    provider: String(member.facts.provider ?? 'auto'),
    device: member.name,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  // What a job's end takes goes on after the signal: jobs are given back.
  const ending = new AbortController();
  let refit = new AbortController();
  const access = createHttpAccess({
    url,
    token,
    facts,
    signal: ending.signal,
    clock,
    log,
    onUnfit: () => refit.abort(),
    ...(fetch && { fetch }),
  });
  const bullmq = { url: queueUrl, log, ...(engine && { timing: engine }) };
  const makeClip = createJobHandler({ access, renderer: member.renderer, clock, log });
  const handler: TaskHandler = (delivery) =>
    makeClip({
      ...delivery,
      progress(progress) {
        onProgress?.(delivery.id, progress);
        delivery.progress(progress);
      },
    });
  // Loaded here: the bot imports this file too, and may have no Redis.
  const { serveBullmq } = await import('../queue/engine/bullmq-worker.ts');
  try {
    while (!signal.aborted) {
      refit = new AbortController();
      const unfit = await Promise.race([access.askFit(), aborted(signal)]);
      if (signal.aborted) return;
      if (unfit !== undefined) log.warn({ worker: name, reason: unfit }, 'the bot has no use for this worker');
      const serving = await serveBullmq(
        bullmq,
        // Of styles, their number: the engine shows facts in a line.
        {
          name,
          lane: 'render',
          styles: facts.styles,
          facts: { ...facts, styles: facts.styles.length },
          ...(unfit !== undefined && { unfit }),
        },
        handler,
      );
      if (unfit === undefined) await aborted(AbortSignal.any([signal, refit.signal]));
      else await sleep(clock, askAgainMs, signal);
      await serving.drain();
    }
  } finally {
    ending.abort();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
