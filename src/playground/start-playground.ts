import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../errors.ts';
import type { FakeDiscord } from '../fake-discord/types.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { requestUrl } from '../util/request-url.ts';
import { uploadLimitBytes as discordLimitBytes } from '../util/upload-limit.ts';
import { createOwnLinks } from './attachment-links.ts';
import { createBotControl, type StartedBot } from './bot-control.ts';
import type { PageFiles } from './bundle-page.ts';
import { createFaults } from './faults.ts';
import { bracketed, createOriginGuard } from './page-security.ts';
import { createPeople } from './people.ts';
import { createPerform } from './perform-action.ts';
import { createPlaces } from './places.ts';
import type { PlaygroundModel } from './protocol.ts';
import { readSamples } from './samples.ts';
import { createServeHttp } from './serve-http.ts';
import { createSocketServer } from './socket-server.ts';
import { createUploadStore, type UploadStoreOptions } from './upload-store.ts';
import { createVisibility } from './visibility.ts';

/** What {@link startPlayground} works with. */
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
  /** Default: Discord's own for everybody. */
  uploadLimitBytes?: number;
  /** Pages that may be open at once. Default 40. */
  maxSockets?: number;
  uploads?: Omit<UploadStoreOptions, 'clock'>;
}

/** A running playground. */
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
  let { uploadLimitBytes = discordLimitBytes } = options;

  const samples = await readSamples(options.samplesDir);
  const uploads = createUploadStore({ ...options.uploads, clock });
  const links = createOwnLinks(discord.cdnHost);
  const visibility = createVisibility(discord);
  const guard = createOriginGuard(listenAt.host);
  const bot = createBotControl(options.startBot, { discord, log });
  const places = createPlaces(discord, samples);
  const people = createPeople(discord, places);
  // The places' own pictures may be larger.
  discord.setAttachmentSizeLimit(uploadLimitBytes);

  const applyFault = createFaults({
    discord,
    bot,
    killRenderProcess,
    onUploadLimit(bytes) {
      uploadLimitBytes = bytes;
      sockets.broadcast({ kind: 'uploadLimit', bytes });
    },
  });
  const sockets = createSocketServer({
    discord,
    visibility,
    links,
    log,
    maxSockets,
    people,
    perform: createPerform({ discord, places, visibility, uploads, samples, applyFault }),
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
  bot.onState((state) => sockets.broadcast({ kind: 'bot', state }));

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
    if (isLive && problem === undefined) sockets.upgrade(request, socket, head);
    else socket.end(`HTTP/1.1 ${isLive ? '403 Forbidden' : '404 Not Found'}\r\nConnection: close\r\n\r\n`);
  });

  async function close(): Promise<void> {
    // The pages first, so that they say that the playground is closed, not that the bot is restarting.
    sockets.close();
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

/** The address at which a server that listens on every interface can be visited. */
function visitedHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** Where to listen. With `mustBePort` false, any free port is used where `port` is taken. */
export interface ListenAt {
  host: string;
  port: number;
  mustBePort: boolean;
}

/**
 * Starts to listen; resolves to the port.
 * @throws ConfigError `port-taken` or `host-invalid`
 */
async function listen(server: Server, { host, port, mustBePort }: ListenAt): Promise<number> {
  try {
    await listenAt(server, host, port);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const isTaken = code === 'EADDRINUSE' || code === 'EACCES';
    if (isTaken && !mustBePort) {
      await listenAt(server, host, 0);
    } else if (isTaken) {
      throw new ConfigError('port-taken', `Port ${port} is taken or not allowed; try --port 0 for any free one.`, {
        cause,
      });
    } else {
      throw new ConfigError('host-invalid', `The playground cannot listen at ${host}; leave --host out.`, { cause });
    }
  }
  return (server.address() as AddressInfo).port;
}

function listenAt(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
