import { createServer } from 'node:http';
import type { FakeDiscord } from '../fake-discord/types.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { requestUrl } from '../util/request-url.ts';
import { createBotControl, type StartedBot } from './bot-control.ts';
import { createFaults } from './faults.ts';
import { type ListenAt, listen } from './listen.ts';
import { bracketed, createOriginGuard } from './origin-guard.ts';
import { createOwnLinks } from './own-links.ts';
import type { PageFiles } from './page-files.ts';
import { createPeople } from './people.ts';
import { createPerform } from './perform-action.ts';
import type { PlaygroundChannel, PlaygroundModel } from './protocol.ts';
import { readSamples } from './samples.ts';
import { createServeHttp } from './serve-http.ts';
import { createLive } from './socket-server.ts';
import { createUploadStore, type FileShelfOptions } from './upload-store.ts';
import { createVisibility } from './visibility.ts';

/** What a playground is made of. */
export interface PlaygroundOptions {
  discord: FakeDiscord;
  /** Connects the bot to `discord`; called again for each restart. */
  startBot: () => Promise<StartedBot>;
  /** Ends the bot's render process at once; false where there is none. */
  killRenderProcess: () => boolean;
  page: PageFiles;
  /** A folder of pictures with their SOURCES.md. */
  samplesDir: string;
  model: PlaygroundModel;
  reactionEmoji: string;
  listenAt: ListenAt;
  log: Log;
  clock?: Clock;
  /** Default 10 MiB, as Discord's own. */
  uploadLimitBytes?: number;
  /** Pages that may be open at once. Default 40. */
  maxSockets?: number;
  uploads?: Omit<FileShelfOptions, 'clock'>;
}

/** A playground that can be visited. */
export interface Playground {
  /** For a browser on this machine, with a slash at its end. */
  readonly url: string;
  /** Stops the bot, keeping its jobs, and closes every page. */
  close(): Promise<void>;
}

/**
 * Starts the server of the playground, then the bot; resolves when both serve.
 * @throws ConfigError the port or host cannot be used, or what `startBot` throws
 */
export async function startPlayground(options: PlaygroundOptions): Promise<Playground> {
  const { discord, page, model, reactionEmoji, listenAt, log, clock = systemClock } = options;
  const { killRenderProcess, maxSockets = 40 } = options;
  let { uploadLimitBytes = 10 * 1024 * 1024 } = options;
  discord.setAttachmentSizeLimit(uploadLimitBytes);

  const samples = await readSamples(options.samplesDir);
  const uploads = createUploadStore({ ...options.uploads, clock });
  const links = createOwnLinks(discord.cdnHost);
  const visibility = createVisibility(discord);
  const guard = createOriginGuard(listenAt.host);
  const bot = createBotControl(options.startBot, { discord, log });
  const guildChannels: PlaygroundChannel[] = [
    { id: discord.channelId, name: 'general', kind: 'guild' },
    { id: discord.createChannel('gallery'), name: 'gallery', kind: 'guild' },
  ];

  const applyFault = createFaults({
    discord,
    bot,
    killRenderProcess,
    onUploadLimit(bytes) {
      uploadLimitBytes = bytes;
      live.tellAll({ kind: 'uploadLimit', bytes });
    },
  });
  const live = createLive({
    discord,
    visibility,
    links,
    log,
    maxSockets,
    people: createPeople(discord, guildChannels),
    perform: createPerform({ discord, visibility, uploads, samples, applyFault }),
    describe: () => ({
      model,
      reactionEmoji,
      uploadLimitBytes,
      samples: samples.list,
      botState: bot.state(),
      bot: discord.bot(),
      users: discord.users(),
      roles: discord.roles(),
      commands: discord.registeredCommands(),
    }),
  });
  bot.onState((state) => live.tellAll({ kind: 'bot', state }));

  const serveHttp = createServeHttp({
    page,
    samples,
    uploads,
    links,
    discord,
    guard,
    log,
    uploadLimitBytes: () => uploadLimitBytes,
  });
  const server = createServer((request, response) => void serveHttp(request, response));
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const isLive = requestUrl(request).pathname === '/live';
    const problem = guard.checkHost(request) ?? guard.checkOrigin(request);
    if (isLive && problem === undefined) live.upgrade(request, socket, head);
    else socket.end(`HTTP/1.1 ${isLive ? '403 Forbidden' : '404 Not Found'}\r\nConnection: close\r\n\r\n`);
  });

  async function close(): Promise<void> {
    // The pages first: they are to say that the playground is closed, not that the bot is restarting.
    live.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    uploads.clear();
    await bot.stop();
  }

  const port = await listen(server, listenAt);
  try {
    await bot.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `http://${bracketed(visitedHost(listenAt.host))}:${port}/`, close };
}

/** What listens everywhere is visited here. */
function visitedHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
