import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../errors.ts';
import type { Json } from '../fake-discord/payloads.ts';
import type { Change, Exchange, FakeDiscord } from '../fake-discord/types.ts';
import type { Log } from '../util/log.ts';
import { requestUrl } from '../util/request-url.ts';
import type { OwnLinks } from './attachment-links.ts';
import type { People, Person } from './people.ts';
import type { Perform } from './perform-action.ts';
import { closeCode, type ServerMessage, type Welcome } from './protocol.ts';
import { readAction } from './read-action.ts';
import type { Visibility } from './visibility.ts';

/** What {@link createSocketServer} works with. */
export interface SocketServerOptions {
  discord: FakeDiscord;
  people: People;
  visibility: Visibility;
  links: OwnLinks;
  perform: Perform;
  /** What a page has to know that does not depend on who it is. */
  describe: () => Omit<Welcome, 'kind' | 'user' | 'admin' | 'moderator' | 'channels' | 'messages'>;
  log: Log;
  maxSockets: number;
}

/** The WebSocket `/live`. */
export interface SocketServer {
  /** Takes over an HTTP connection that asks for a WebSocket; Host and Origin are right. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  broadcast(message: ServerMessage): void;
  close(): void;
}

/** A page that is open. */
interface Page {
  person: Person;
  socket: WebSocket;
  watches: boolean;
}

/** A page whose unsent messages exceed this is disconnected. */
const maxBehindBytes = 32 * 1024 * 1024;
const maxMessageBytes = 512 * 1024;
/** How many earlier exchanges a page gets when it starts to watch. */
const earlierExchanges = 300;

/** Serves the pages: sends each what its person may see, and performs the actions they ask for. */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { discord, people, visibility, links, perform, describe, log, maxSockets } = options;
  const server = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  const pages = new Set<Page>();

  function send({ socket }: Page, message: ServerMessage): void {
    if (socket.bufferedAmount > maxBehindBytes) socket.terminate();
    else socket.send(JSON.stringify(message));
  }

  function broadcast(message: ServerMessage): void {
    for (const page of pages) send(page, message);
  }

  function sendChange(change: Change): void {
    if (change.kind === 'channels') {
      for (const page of pages) send(page, { kind: 'channels', channels: page.person.channels() });
      return;
    }
    for (const page of pages) {
      const seen = visibility.changeFor(page.person, change);
      if (seen !== undefined) send(page, { kind: 'change', change: links.rewrite(seen) });
    }
    visibility.forget(change);
  }

  function sendExchange(exchange: Exchange): void {
    const watchers = [...pages].filter(({ watches }) => watches);
    if (watchers.length === 0) return;
    const exchanges = [maskSecrets(exchange, discord.token)];
    for (const page of watchers) send(page, { kind: 'exchanges', exchanges });
  }

  function sendWelcome(page: Page): void {
    const { user, admin, moderator, channels } = page.person;
    const messages = links.rewrite(visibility.messagesFor(page.person));
    send(page, { kind: 'welcome', ...describe(), user, admin, moderator, channels: channels(), messages });
  }

  function watchExchanges(page: Page, watch: boolean): void {
    if (watch && !page.watches) {
      const earlier = discord.exchanges().slice(-earlierExchanges);
      send(page, { kind: 'exchanges', exchanges: earlier.map((exchange) => maskSecrets(exchange, discord.token)) });
    }
    page.watches = watch;
  }

  async function onMessage(page: Page, raw: string): Promise<void> {
    const read = readAction(raw);
    if ('problem' in read) {
      if (read.id === undefined) page.socket.close(closeCode.notUnderstood, 'That was not understood.');
      else send(page, { kind: 'refused', id: read.id, reason: read.problem });
      return;
    }
    const { id, ...action } = read.action;
    try {
      if (action.do === 'watchExchanges') watchExchanges(page, action.watch);
      const value = action.do === 'watchExchanges' ? undefined : await perform(page.person, action);
      send(page, { kind: 'done', id, value });
    } catch (error) {
      if (!(error instanceof AppError)) log.error({ err: error, action: action.do }, 'an action failed');
      send(page, { kind: 'refused', id, reason: error instanceof AppError ? error.message : 'Something broke.' });
    }
  }

  function open(socket: WebSocket, userId: string | null): void {
    socket.on('error', (err) => log.debug({ err }, 'a page broke its connection'));
    const before = discord.users().length;
    const person = pages.size < maxSockets ? people.join(userId) : undefined;
    if (person === undefined) {
      socket.close(closeCode.tooManyPeople, 'There are too many people here.');
      return;
    }
    const page: Page = { person, socket, watches: false };
    pages.add(page);
    socket.on('close', () => pages.delete(page));
    socket.on('message', (raw) => void onMessage(page, String(raw)));
    sendWelcome(page);
    if (discord.users().length > before) broadcast({ kind: 'users', users: discord.users() });
  }

  discord.onChange(sendChange);
  discord.onExchange(sendExchange);

  return {
    broadcast,
    upgrade(request, socket, head) {
      const { searchParams } = requestUrl(request);
      server.handleUpgrade(request, socket, head, (connection) => open(connection, searchParams.get('user')));
    },
    close() {
      for (const { socket } of pages) socket.close(1001, 'The playground was closed.');
      // Pages that do not complete the closing handshake are not waited for.
      for (const socket of server.clients) setImmediate(() => socket.terminate());
      server.close();
    },
  };
}

const masked = 'masked';

/** Members whose value is a secret at any depth; `hm` in a link is its signature. */
const secretNames: ReadonlySet<string> = new Set(['token', 'session_id', 'authorization']);
const linkSignature = /([?&]hm=)[0-9a-f]+/g;

/** A deep copy of an exchange without the bot's token, sessions, interactions' tokens and links' signatures. */
function maskSecrets(exchange: Exchange, botToken: string): Exchange {
  const mask = (value: Json | undefined): Json | undefined => {
    if (typeof value === 'string') return value.replaceAll(botToken, masked).replaceAll(linkSignature, `$1${masked}`);
    if (Array.isArray(value)) return value.map((item) => mask(item) as Json);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const isSecret = secretNames.has(name.toLowerCase()) && typeof item === 'string';
        return [name, isSecret ? masked : mask(item)];
      }),
    );
  };
  // An exchange is plain JSON.
  return mask(exchange as unknown as Json) as unknown as Exchange;
}
