import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requestUrl } from '../util/request-url.ts';
import { createActor } from './actor.ts';
import { isCdnPath, serveCdn } from './cdn.ts';
import { createConditions } from './conditions.ts';
import { createExchangeLog } from './exchange-log.ts';
import { createFaults } from './faults.ts';
import { createGateway, gatewayUrl } from './gateway.ts';
import { createObserver } from './observer.ts';
import { populateWorld } from './populate.ts';
import { createRest } from './rest.ts';
import { createThreads } from './threads.ts';
import type { FakeDiscord, FakeDiscordOptions } from './types.ts';
import { createWorld, recordViolation } from './world.ts';

/**
 * Starts a local stand-in of Discord on 127.0.0.1: REST and gateway v10 and the CDN, for one bot in one guild.
 * It is strict: what it does not know (routes, query and body fields, opcodes) is refused and listed in `violations()`.
 */
export async function startFakeDiscord(options: FakeDiscordOptions = {}): Promise<FakeDiscord> {
  const world = createWorld(options);
  const { userId, channelId } = populateWorld(world, options.names);
  const log = createExchangeLog(world, options);
  const gateway = createGateway(world, log.recordGateway);
  const serveRest = createRest(world, log.record);

  const server = createServer((request, response) => {
    const { pathname } = requestUrl(request);
    if (world.outage === 'unreachable') {
      request.socket.destroy();
      return;
    }
    if (world.outage === 'unavailable') {
      request.resume();
      response.writeHead(503, { 'content-type': 'text/html' }).end('<html>upstream connect error</html>');
      return;
    }
    if (isCdnPath(pathname)) {
      serveCdn(world, request, response);
      return;
    }
    serveRest(request, response).catch((error: unknown) => {
      // Whoever asked died, or gave up, in the middle of a request: nobody waits for the answer.
      if (request.destroyed && !request.complete) return;
      recordViolation(world, `the stand-in failed at ${request.method} ${pathname}: ${String(error)}`);
      response.writeHead(500).end();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith('/gateway') && world.outage === 'none') gateway.upgrade(request, socket, head);
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  world.origin = `http://127.0.0.1:${port}`;

  return {
    ...createActor(world, userId),
    ...createThreads(world, { firstUserId: userId, firstChannelId: channelId }),
    ...createObserver(world, log, channelId),
    ...createFaults(world, gateway),
    ...createConditions(world, userId),
    apiUrl: `${world.origin}/api`,
    gatewayUrl: gatewayUrl(world),
    cdnUrl: world.origin,
    cdnHost: `127.0.0.1:${port}`,
    token: world.token,
    applicationId: world.applicationId,
    botUserId: world.botUserId,
    guildId: world.guildId,
    channelId,
    userId,
    ownerId: world.ownerId,
    async close() {
      gateway.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
