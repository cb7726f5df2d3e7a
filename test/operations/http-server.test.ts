import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { type HttpServerOptions, startHttpServer } from '../../src/operations/http-server.ts';
import { createRecordingLog } from '../support/recording-log.ts';

const local = { host: '127.0.0.1', port: 0 };

async function serve(routes: HttpServerOptions['routes'], listen = local) {
  const log = createRecordingLog();
  const server = await startHttpServer({ listen, routes, log });
  onTestFinished(server.close);
  return { log, server, url: `http://127.0.0.1:${server.address.port}` };
}

const hello = () => ({ status: 200, contentType: 'text/plain', body: 'grüß dich' });

it('answers GET and HEAD, and nothing else', async () => {
  const { url } = await serve({ '/hello': hello });
  const got = await fetch(`${url}/hello?x=1`);
  expect([got.status, await got.text(), got.headers.get('cache-control')]).toEqual([200, 'grüß dich', 'no-store']);
  const head = await fetch(`${url}/hello`, { method: 'HEAD' });
  expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([200, '', '11']);
  expect((await fetch(`${url}/hello`, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(405);
  for (const path of ['/', '/hello/', '/constructor', '/__proto__']) expect((await fetch(url + path)).status).toBe(404);
});

it('outlives an answer that fails, and says so in the log alone', async () => {
  const { url, log } = await serve({
    '/broken': () => {
      throw new Error('secret inside');
    },
  });
  const answer = await fetch(`${url}/broken`);
  expect([answer.status, await answer.text()]).toEqual([500, 'Failed; the log says why.\n']);
  expect(log.events).toMatchObject([{ level: 'warn', fields: { url: '/broken' } }]);
});

it('outlives what is no HTTP', async () => {
  const { server, url } = await serve({ '/hello': hello });
  const socket = connect(server.address.port, '127.0.0.1');
  socket.end('\u0000\u0001 nonsense\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400/);
  expect((await fetch(`${url}/hello`)).status).toBe(200);
});

it('says which address cannot be used, and what to set instead', async () => {
  const { server } = await serve({});
  const taken = { ...local, port: server.address.port };
  await expect(startHttpServer({ listen: taken, routes: {}, log: createRecordingLog() })).rejects.toMatchObject({
    code: 'http-listen',
    message: expect.stringMatching(
      /^HTTP_LISTEN=127\.0\.0\.1:\d+ cannot be listened on: .*EADDRINUSE.*e\.g\. HTTP_LISTEN=/,
    ),
  });
});
