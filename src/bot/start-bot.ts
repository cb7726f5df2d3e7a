import { type Client, Events } from 'discord.js';
import type { CommandContext } from '../commands/command.ts';
import { buttonActions, commands } from '../commands/index.ts';
import { ConfigError } from '../errors.ts';
import { openDatabase } from '../jobs/database.ts';
import { createEstimates } from '../jobs/estimates.ts';
import { createFactStore } from '../jobs/fact-store.ts';
import { createJobQueue, type JobQueueOptions } from '../jobs/job-queue.ts';
import { createJobStore } from '../jobs/job-store.ts';
import { systemClock } from '../util/clock.ts';
import { createClient } from './client.ts';
import { createDownload } from './download.ts';
import { createJobMessages } from './job-messages.ts';
import { registerCommands } from './register-commands.ts';
import { createReplies } from './replies.ts';
import { createRouter } from './router.ts';
import { createShrink } from './shrink-clip.ts';

/** What the bot needs of the configuration. */
export interface BotConfig {
  discordToken: string;
  discordApiUrl: string;
  attachmentHosts: readonly string[];
  maxUploadBytes: number;
  dataDir: string;
  provider: string;
  /** How long {@link RunningBot.stop} lets the running clip be finished. Default 0. */
  shutdownGraceMs?: number;
}

/** What the bot works with. `clock`, `fetch` and `editGapMs` have defaults fit for everyday use. */
export interface BotDependencies
  extends Pick<JobQueueOptions, 'renderer' | 'model' | 'log'>,
    Pick<CommandContext, 'checkPicture'>,
    Partial<Pick<JobQueueOptions, 'clock'>> {
  fetch?: typeof globalThis.fetch;
  /** Between two edits of one message, in milliseconds. */
  editGapMs?: number;
}

/** A connected bot. */
export interface RunningBot {
  /** Rejects when Discord closes the connection for good, e.g. because the token was reset. Never resolves. */
  readonly lost: Promise<never>;
  /**
   * Takes no more jobs, gives the running one its grace, keeps what is not finished for the next start, says so, and
   * disconnects. The renderer stays open.
   */
  stop(): Promise<void>;
}

/** How long last words may take when the bot goes down. */
const farewellMs = 5_000;

/**
 * Connects to Discord, takes up the jobs that an earlier process left, and serves until stopped.
 *
 * @throws ConfigError Discord refuses the token, or DATA_DIR cannot be used
 */
export async function startBot(config: BotConfig, dependencies: BotDependencies): Promise<RunningBot> {
  const { renderer, model, log, checkPicture, clock = systemClock, fetch = globalThis.fetch } = dependencies;
  const { editGapMs } = dependencies;
  const { attachmentHosts, maxUploadBytes, shutdownGraceMs = 0 } = config;
  const database = openDatabase(config.dataDir);
  const client = createClient(config.discordApiUrl);
  const replies = createReplies(client.rest, clock);
  const store = createJobStore(database);
  const shrink = createShrink({ renderer, store });
  const listener = createJobMessages({ replies, shrink, clock, log, ...(editGapMs !== undefined && { editGapMs }) });
  const estimates = createEstimates(database, model, config.provider);
  const queueOptions = { store, estimates, renderer, listener, model, clock, log };
  const jobs = createJobQueue({ ...queueOptions, finishGraceMs: shutdownGraceMs });
  const download = createDownload({ allowedHosts: attachmentHosts, fetch });
  const context: CommandContext = { jobs, download, checkPicture, model, maxUploadBytes, clock };
  client.once(Events.ClientReady, () => {
    // In this order, and before the events that waited for it: a job that is asked for now must not be taken up twice.
    jobs.resume();
    client.on(Events.InteractionCreate, createRouter({ commands, buttonActions, context, log }));
  });
  client.on(Events.Error, (err) => log.error({ err }, 'the Discord client reports an error'));
  client.on(Events.ShardError, (err) => log.warn({ err }, 'the gateway connection reports an error'));

  const lost = connectionLost(client);

  async function stop(): Promise<void> {
    await jobs.close();
    await listener.flush(farewellMs);
    await client.destroy();
    database.close();
  }

  try {
    const ready = await Promise.race([logIn(client, config.discordToken), lost]);
    log.info({ bot: ready.user.tag, guilds: ready.guilds.cache.size }, 'connected to Discord');
    const declarations = commands.map((command) => command.declare(model));
    const facts = createFactStore(database);
    await registerCommands(declarations, { rest: ready.rest, applicationId: ready.application.id, facts, log });
  } catch (error) {
    await stop();
    throw error;
  }
  return { lost, stop };
}

async function logIn(client: Client, token: string): Promise<Client<true>> {
  // It may be ready before login() resolves.
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
  try {
    await client.login(token);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'TokenInvalid')) throw cause;
    throw new ConfigError(
      'token-rejected',
      'Discord refuses DISCORD_TOKEN. Reset it on the Bot page and set the new one.',
      {
        cause,
      },
    );
  }
  return ready;
}

function connectionLost(client: Client): Promise<never> {
  const lost = new Promise<never>((_, reject) => {
    // Emitted only for close codes after which the library does not reconnect.
    client.once(Events.ShardDisconnect, ({ code }) => {
      reject(
        new ConfigError('gateway-closed', `Discord closed the connection for good (code ${code}); see its settings.`),
      );
    });
  });
  lost.catch(() => {});
  return lost;
}
