import { ActivityType, type Client, Events, GatewayDispatchEvents } from 'discord.js';
import type { CommandContext } from '../commands/command.ts';
import { handlers } from '../commands/index.ts';
import { ConfigError } from '../errors.ts';
import { createAdmission } from '../jobs/admission.ts';
import { openDatabase } from '../jobs/database.ts';
import { createEstimates } from '../jobs/estimates.ts';
import { forgetUser } from '../jobs/forget-user.ts';
import { createJobQueue, type JobQueueOptions } from '../jobs/job-queue.ts';
import { type Limits, noLimits } from '../jobs/limits.ts';
import { openBooks } from '../jobs/open-books.ts';
import { changeMode, restoreMode } from '../jobs/queue-mode.ts';
import { startRetention } from '../jobs/retention.ts';
import { systemClock } from '../util/clock.ts';
import { packageVersion } from '../util/package-version.ts';
import { withBackOff } from './back-off.ts';
import { createClient } from './client.ts';
import { createDownload } from './download.ts';
import { isOperator } from './is-operator.ts';
import { createJobMessages } from './job-messages.ts';
import { en } from './languages/en.ts';
import { startPresence } from './presence.ts';
import { createReactionDoor } from './reaction-door.ts';
import { type ClipSettingsOptions, createClipSettingsReader } from './read-clip-settings.ts';
import { registerCommands } from './register-commands.ts';
import { keepRepliedTo } from './replied-to.ts';
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
  /** Undefined: reactions are not heard. */
  reactionEmoji?: string | undefined;
  /** Default: none. */
  limits?: Limits;
  /** How long delivered clips and their pictures are kept. Default a week. */
  retentionHours?: number;
  /** Who waited longer is mentioned when the clip is there. Default: nobody is. */
  pingAfterMs?: number | undefined;
  /** How long {@link RunningBot.stop} lets the running clip be finished. Default 0. */
  shutdownGraceMs?: number;
}

/** What the bot works with. `clock`, `fetch` and `editGapMs` have defaults fit for everyday use. */
export interface BotDependencies
  extends Pick<JobQueueOptions, 'renderer' | 'model' | 'log'>,
    Pick<CommandContext, 'checkPicture'>,
    Pick<ClipSettingsOptions, 'readSettings'>,
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
  const { renderer, model, log, clock = systemClock, fetch = globalThis.fetch } = dependencies;
  const { checkPicture, readSettings, editGapMs } = dependencies;
  const { attachmentHosts, maxUploadBytes, shutdownGraceMs = 0, reactionEmoji } = config;
  const { limits = noLimits, retentionHours = 168, pingAfterMs = Number.POSITIVE_INFINITY } = config;
  const database = openDatabase(config.dataDir);
  const books = openBooks(database);
  const { store, uses, guildSettings, userSettings, blocks, facts } = books;
  const startedAtMs = clock.now();
  const client = createClient(config.discordApiUrl, { hearsReactions: reactionEmoji !== undefined });
  const replies = createReplies(client.rest, clock);
  const shrink = createShrink({ renderer, store });
  const listener = createJobMessages({
    ...{ replies, shrink, clock, log },
    ...(editGapMs !== undefined && { editGapMs }),
    isSpoiler: ({ guildId }) => guildSettings.of(guildId).spoiler,
    wantsPing: ({ userId, guildId, createdAtMs }) =>
      clock.now() - createdAtMs > pingAfterMs && userSettings.wantsPing(userId) && guildSettings.of(guildId).ping,
  });
  const estimates = createEstimates(database, model, config.provider);
  const admit = createAdmission({ limits, guildSettings, uses, blocks, model, clock });
  const queueOptions = { store, estimates, renderer, listener, model, clock, log, admit };
  const jobs = createJobQueue({ ...queueOptions, finishGraceMs: shutdownGraceMs });
  const download = createDownload({ allowedHosts: attachmentHosts, fetch });
  const readClipSettings = createClipSettingsReader({ allowedHosts: attachmentHosts, fetch, readSettings, clock });
  const context: CommandContext = {
    ...{ archive: store, readClipSettings, repliedTo: keepRepliedTo(client) },
    ...{ jobs, download, checkPicture, model, maxUploadBytes, clock, guildSettings, userSettings, limits },
    forget: (userId) => forgetUser(userId, { jobs, store, userSettings }),
    about: {
      ...{ kinora: await packageVersion(), node: process.versions.node },
      ...{ model: model.name, provider: config.provider, retentionHours },
    },
    operator: {
      ...{ blocks, uses },
      isOperator: (userId) => isOperator(client, userId),
      setMode: (mode) => changeMode(mode, jobs, facts),
      status: () => ({ servers: client.guilds.cache.size, startedAtMs }),
    },
  };
  const stops: (() => void)[] = [];
  client.once(Events.ClientReady, (ready) => {
    const { user } = ready;
    restoreMode(jobs, facts);
    // In this order, and before the events that waited for it: a job that is asked for now must not be taken up twice.
    jobs.resume();
    client.on(Events.InteractionCreate, createRouter({ handlers, context, log }));
    if (reactionEmoji !== undefined) {
      const door = createReactionDoor({ client: ready, emoji: reactionEmoji, context, facts, log });
      client.on(Events.MessageReactionAdd, door.heard);
      client.ws.on(GatewayDispatchEvents.MessageReactionAdd, door.heardRaw);
    }
    stops.push(startRetention({ store, uses, retentionHours, clock, log }));
    const show = (state: string) => {
      user.setPresence({ activities: [{ type: ActivityType.Custom, name: user.username, state }] });
    };
    const presence = startPresence({ overview: jobs.overview, show, texts: en.presence, clock });
    client.on(Events.ShardReady, presence.renew);
    stops.push(presence.stop);
  });
  client.on(Events.Error, (err) => log.error({ err }, 'the Discord client reports an error'));
  client.on(Events.ShardError, (err) => log.warn({ err }, 'the gateway connection reports an error'));

  const lost = connectionLost(client);

  async function stop(): Promise<void> {
    for (const end of stops) end();
    await jobs.close();
    await listener.flush(farewellMs);
    await client.destroy();
    database.close();
  }

  try {
    const ready = await Promise.race([logIn(client, config.discordToken), lost]);
    log.info({ bot: ready.user.tag, guilds: ready.guilds.cache.size }, 'connected to Discord');
    const declarations = [
      ...handlers.commands.map((command) => command.declare(model)),
      ...handlers.messageCommands.map((command) => command.declare()),
    ];
    const { rest, application } = ready;
    await withBackOff(() => registerCommands(declarations, { rest, applicationId: application.id, facts, log }), {
      clock,
      onRetry: (err, delayMs) => log.warn({ err, delayMs }, 'the commands could not be registered; trying again'),
    });
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
