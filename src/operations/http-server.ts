import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../errors.ts';
import type { Log } from '../util/log.ts';

/** Where is listened. */
export interface HttpListen {
  /** A host name or address, without brackets. */
  host: string;
  port: number;
}

/** An answer in full. */
export interface HttpAnswer {
  status: number;
  contentType: string;
  body: string;
}

/** What {@link startHttpServer} works with. */
export interface HttpServerOptions {
  listen: HttpListen;
  /** What is answered, by path. */
  routes: Readonly<Record<string, () => HttpAnswer | Promise<HttpAnswer>>>;
  log: Pick<Log, 'warn'>;
}

/** A server that listens. */
export interface HttpServer {
  /** With the port that the system chose where 0 was asked for. */
  readonly address: HttpListen;
  close(): Promise<void>;
}

/**
 * Serves answers to GET and HEAD. It does not keep the process alive.
 * @throws ConfigError `http-listen`: the address cannot be used
 */
export async function startHttpServer({ listen, routes, log }: HttpServerOptions): Promise<HttpServer> {
  async function answer(method: string | undefined, url: string): Promise<HttpAnswer> {
    const route = Object.hasOwn(routes, url) ? routes[url] : undefined;
    if (route === undefined) return plain(404, `Not found. There are ${Object.keys(routes).join(', ')}.`);
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'Only GET and HEAD.');
    try {
      return await route();
    } catch (err) {
      log.warn({ url, err }, 'an answer over HTTP failed');
      return plain(500, 'Failed; the log says why.');
    }
  }

  // Small limits: nobody has much to say to it.
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 },
    (request, response) => {
      request.resume();
      const path = (request.url ?? '').replace(/[?#].*$/, '');
      void answer(request.method, path).then(({ status, contentType, body }) => {
        const headers = {
          'content-type': contentType,
          'content-length': Buffer.byteLength(body),
          'cache-control': 'no-store',
        };
        response.writeHead(status, headers);
        response.end(request.method === 'HEAD' ? undefined : body);
      });
    },
  );
  server.maxConnections = 100;
  await listening(server, listen);
  server.on('error', (err) => log.warn({ err }, 'the HTTP server reports an error'));
  server.unref();
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

async function listening(server: Server, { host, port }: HttpListen): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (cause: Error) => {
      const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      const text = `HTTP_LISTEN=${where} cannot be listened on: ${cause.message}. Another port may be free, e.g. HTTP_LISTEN=9465.`;
      reject(new ConfigError('http-listen', text, { cause }));
    });
    server.listen(port, host);
  });
}

function plain(status: number, text: string): HttpAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}
