import { ActivityType, type Client, Events, GatewayDispatchEvents } from 'discord.js';
import { type AccessRules, createAccessCheck, tellUnserved } from '../bot/access.ts';
import { createChannelPace } from '../bot/channel-pace.ts';
import { createClient, isOperator } from '../bot/client.ts';
import { connectionLost, logIn, reachDiscord } from '../bot/connection.ts';
import { createDeadTokens } from '../bot/dead-tokens.ts';
import { createDownload, type DownloadOptions } from '../bot/download.ts';
import type { ShardHealth } from '../bot/gateway-log.ts';
import { guardHandler, guardTimers } from '../bot/guard.ts';
import { createJobMessages, type JobMessagesOptions } from '../bot/job-messages.ts';
import { en } from '../bot/languages/en.ts';
import { createMessageSender } from '../bot/message-sender.ts';
import { startPresence } from '../bot/presence.ts';
import { keepRawInteractions } from '../bot/raw-interactions.ts';
import { type ClipSettingsOptions, createClipSettingsReader } from '../bot/read-clip-settings.ts';
import { createRouter } from '../bot/router.ts';
import type { CommandContext } from '../commands/command.ts';
import { tokenLifeMs } from '../commands/enqueue-from-interaction.ts';
import { handlers } from '../commands/index.ts';
import { createReactionHandler } from '../commands/reaction.ts';
import type { Operations } from '../operations/operations.ts';
import { type Admit, createAdmission } from '../queue/admission.ts';
import { createEstimates } from '../queue/estimates.ts';
import { forgetUser } from '../queue/forget-user.ts';
import { createJobQueue, type JobQueueOptions } from '../queue/job-queue.ts';
import { changeMode, restoreMode } from '../queue/queue-mode.ts';
import { expectedTimes } from '../queue/render-work.ts';
import { startRetention } from '../queue/retention.ts';
import { openDatabase } from '../storage/database.ts';
import { rememberFaults } from '../storage/host-fault.ts';
import { noLimits, type OperatorLimits } from '../storage/limits.ts';
import { openStorage } from '../storage/open-storage.ts';
import { createStorageProbe } from '../storage/probe.ts';
import { systemClock } from '../util/clock.ts';
import { createCooldown } from '../util/cooldown.ts';
import { noMetrics } from '../util/metrics.ts';
import type { RetryOptions } from '../util/retry.ts';
import {
  type BotWorker,
  createShrink,
  declareCommands,
  discordPolicy,
  holdData,
  tellCommands,
  watchProvider,
} from './bot-parts.ts';
import { openBotQueue, type RemoteWorkers } from './bot-queue.ts';
import { packageVersion } from './io.ts';

/** What the bot needs of the configuration. */
export interface BotConfig extends AccessRules, Pick<JobMessagesOptions, 'pingAfterMs' | 'previewSeconds'> {
  discordToken: string;
  discordApiUrl: string;
  /** Where avatars and stickers are. Default: Discord's own. */
  discordCdnUrl?: string;
  attachmentHosts: readonly string[];
  maxUploadBytes: number;
  dataDir: string;
  provider: string;
  /** Undefined: reactions are not heard. */
  reactionEmoji?: string | undefined;
  /** Default: none. */
  limits?: OperatorLimits;
  /** How long delivered clips and their pictures are kept. Default a week. */
  retentionHours?: number;
  /** How long {@link RunningBot.stop} lets the running clip be finished. Default 0. */
  shutdownGraceMs?: number;
  /** Undefined: this host makes all clips. */
  remote?: RemoteWorkers | undefined;
}

/** What the bot works with. `clock`, `fetch` and `editGapMs` have defaults fit for everyday use. */
export interface BotDependencies
  extends Pick<JobQueueOptions, 'model' | 'log'>,
    Pick<DownloadOptions, 'checkPicture'>,
    Pick<ClipSettingsOptions, 'readSettings'>,
    Partial<Pick<JobQueueOptions, 'clock' | 'random'>> {
  /** Who renders, each in its lane. */
  workers: readonly BotWorker[];
  fetch?: typeof globalThis.fetch;
  /** Between two edits of one message, in milliseconds. */
  editGapMs?: number;
  /** Aborted: {@link startBot} waits for Discord no longer. */
  signal?: AbortSignal;
  /** Told what happens, and asked how the bot is. Default: nobody asks. */
  operations?: Pick<Operations, 'metrics' | 'attach'> | undefined;
}

/** A connected bot. */
export interface RunningBot {
  /**
   * Rejects when Discord closes the connection for good, e.g. because the token was reset, and when another process has
   * taken over DATA_DIR. Never resolves.
   */
  readonly lost: Promise<never>;
  /** How each connection to the gateway is. */
  health(): ShardHealth[];
  /**
   * Takes no more jobs, gives the running one its grace, keeps what is not finished for the next start, says so, and
   * disconnects. The renderer stays open.
   */
  stop(): Promise<void>;
}

/** How long final notices may take when the bot goes down. */
const farewellMs = 5_000;

/**
 * Connects to Discord, takes up the jobs that an earlier process left, and serves until stopped.
 *
 * @throws ConfigError Discord refuses the token, or DATA_DIR cannot be used, e.g. because another bot works with it
 */
export async function startBot(config: BotConfig, dependencies: BotDependencies): Promise<RunningBot> {
  const { model, log, fetch = globalThis.fetch } = dependencies;
  const clock = guardTimers(dependencies.clock ?? systemClock, log);
  const { checkPicture, readSettings, editGapMs, signal, random, operations } = dependencies;
  const { metrics = noMetrics } = operations ?? {};
  const { attachmentHosts, maxUploadBytes, shutdownGraceMs = 0, reactionEmoji, remote, dataDir } = config;
  const { limits = noLimits, retentionHours = 168, pingAfterMs, previewSeconds = 0 } = config;
  const { workers, onClip, usedProvider } = watchProvider(dependencies.workers, config.provider);
  const database = openDatabase(config.dataDir);
  const { lease, lost: dataLost } = holdData(database, { dataDir: config.dataDir, log });
  const repositories = openStorage(database, { metrics, log });
  const { store, uses, guildSettings, userSettings, blocks, facts } = repositories;
  const startedAtMs = clock.now();
  const clientOptions = { hearsReactions: reactionEmoji !== undefined, cdnUrl: config.discordCdnUrl };
  const pace = await createChannelPace({ facts, clock: systemClock, log });
  const { client, health } = createClient(config.discordApiUrl, { ...clientOptions, clock, log, metrics, pace });
  const deadTokens = await createDeadTokens({ facts, clock, log });
  const replies = createMessageSender(client.rest, { clock, deadTokens });
  const estimates = createEstimates({
    store: repositories.estimates,
    known: await repositories.estimates.all(),
    model,
    provider: config.provider,
  });
  const times = expectedTimes({ estimates, model });
  const listener = createJobMessages({
    replies,
    shrink: createShrink({ workers, store }),
    clock,
    log,
    metrics,
    ...(editGapMs !== undefined && { editGapMs }),
    times,
    guildSettings,
    userSettings,
    pingAfterMs,
    previewSeconds,
  });
  const { allowedGuildIds, userInstalls = true } = config;
  const checkAccess = createAccessCheck({ allowedGuildIds, userInstalls, rest: client.rest, clock });
  const admitByLimits = createAdmission({ limits, guildSettings, uses, blocks, store, model, clock });
  // The router asks as well; reactions come here alone.
  const admit: Admit = async (job, waiting) => {
    await checkAccess(job);
    return admitByLimits(job, waiting);
  };
  const botQueue = await openBotQueue({ remote, dataDir, workers, store, facts, clock, log, signal, onClip });
  const jobs = createJobQueue({
    store,
    estimates,
    engine: botQueue.engine,
    ...botQueue.options,
    listener,
    model,
    clock,
    log,
    admit,
    random,
    retentionMs: retentionHours * 3_600_000,
    finishGraceMs: shutdownGraceMs,
    onHostFault: (fault, workerFaults) => rememberFaults(facts, fault, workerFaults),
  });
  botQueue.serve(jobs);
  const stopping = new AbortController();
  const source = { allowedHosts: attachmentHosts, fetch, stopping: stopping.signal };
  const download = createDownload({ ...source, checkPicture, metrics });
  const readClipSettings = createClipSettingsReader({ ...source, readSettings, clock });
  const context: CommandContext = {
    archive: store,
    readClipSettings,
    rawInteraction: keepRawInteractions(client, log),
    jobs,
    download,
    answeredOnce: createCooldown({ periodMs: tokenLifeMs, clock }),
    model,
    times,
    maxUploadBytes,
    clock,
    guildSettings,
    userSettings,
    limits,
    forget: (userId) => forgetUser(userId, { jobs, store, userSettings }),
    about: {
      kinora: await packageVersion(),
      node: process.versions.node,
      model: model.name,
      provider: () => usedProvider(jobs.workers()),
      retentionHours,
    },
    operator: {
      blocks,
      uses,
      isOperator: (userId) => isOperator(client, userId),
      setMode: (mode) => changeMode(mode, jobs, facts),
      status: () => ({ servers: client.guilds.cache.size, startedAtMs }),
    },
  };
  await restoreMode(jobs, facts);
  const detach = operations?.attach({
    jobs,
    gateway: health,
    storage: createStorageProbe(database, { dataDir: config.dataDir, clock }),
  });
  const stops: (() => void)[] = [];
  let resumed = Promise.resolve();
  const guarded = <Args extends unknown[]>(event: string, handler: (...args: Args) => unknown) =>
    guardHandler(log, event, handler);
  const begin = (ready: Client<true>) => {
    const { user } = ready;
    // Before the events that waited for it: what is asked for now waits until the earlier jobs were taken up.
    resumed = jobs.resume();
    resumed.catch(() => {});
    client.on(
      Events.InteractionCreate,
      guarded(Events.InteractionCreate, createRouter({ handlers, context, checkAccess, log })),
    );
    if (reactionEmoji !== undefined) {
      const event = GatewayDispatchEvents.MessageReactionAdd;
      const reactions = { client: ready, emoji: reactionEmoji, context, facts, log, random, stopping: stopping.signal };
      client.ws.on(event, guarded(event, createReactionHandler(reactions)));
    }
    stops.push(startRetention({ store, uses, retentionHours, clock, log }));
    const show = (state: string) => {
      user.setPresence({ activities: [{ type: ActivityType.Custom, name: user.username, state }] });
    };
    const presence = startPresence({ overview: jobs.overview, show, messages: en.presence, clock });
    client.on(Events.ShardReady, guarded(Events.ShardReady, presence.renew));
    // A gateway that is back is the first sign of Discord being back.
    for (const event of [Events.ShardReady, Events.ShardResume] as const) client.on(event, guarded(event, jobs.wake));
    stops.push(presence.stop);
  };
  client.once(Events.ClientReady, (ready) => {
    try {
      begin(ready);
    } catch (error) {
      // A bot that could not begin is not to look as if it served.
      resumed = Promise.reject(error);
      resumed.catch(() => {});
    }
  });
  client.on(Events.Error, (err) => log.error({ err }, 'the Discord client reports an error'));
  client.on(Events.ShardError, (err, shard) => log.warn({ shard, err }, 'the gateway connection reports an error'));

  const lost = Promise.race([connectionLost(client), dataLost]);
  lost.catch(() => {});

  async function stop(): Promise<void> {
    detach?.();
    for (const end of stops) end();
    stopping.abort();
    await botQueue.leave();
    await jobs.close();
    await botQueue.close();
    await listener.flush(farewellMs);
    await client.destroy();
    lease.release();
    database.close();
  }

  try {
    const patience: RetryOptions = { policy: discordPolicy, clock, signal, random };
    const commands = declareCommands(model, { userInstalls });
    await reachDiscord(client, config.discordToken, {
      ...patience,
      onRetry: (err, { delayMs }) => log.warn({ err, delayMs }, 'Discord cannot be reached; trying again'),
    });
    const ready = await Promise.race([logIn(client, config.discordToken, signal), lost]);
    await resumed;
    await botQueue.open();
    log.info({ bot: ready.user.tag, guilds: ready.guilds.cache.size }, 'connected to Discord');
    tellUnserved(ready, { allowedGuildIds, log });
    const { rest, application } = ready;
    await tellCommands({ rest, applicationId: application.id, facts, log }, { commands, patience });
  } catch (error) {
    await stop();
    throw error;
  }
  return { lost, health, stop };
}
