import { parseArgs } from 'node:util';
import { readConfig } from '../config/config.ts';
import { bundlePage } from '../playground/bundle-page.ts';
import { isLoopback } from '../playground/origin-guard.ts';
import { createLog } from './create-log.ts';
import type { CliIo } from './io.ts';
import { openInBrowser } from './open-in-browser.ts';
import { openPlayground } from './open-playground.ts';
import { usageError } from './usage-error.ts';

/** K, I, N, O on a telephone's keys. */
const defaultPort = 5466;

const help = `Usage: kinora playground [options]

Opens a channel as Discord draws it in the browser, with the real bot in it: type /animate, attach a picture, watch.
Everything stays on this machine; no token is needed.

  --port N        The port (default ${defaultPort}, or any free one where that is taken)
  --host HOST     Another address to listen at than 127.0.0.1: others can then use the playground
  --model MODEL   A model folder or file (default MODEL_DIR, or else the demo model)
  --data-dir DIR  Keeps the bot's data there (default: a temporary folder)
  --no-open       Does not open the browser
`;

/** `kinora playground`: serves until it is told to stop. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const values = readOptions(argv);
  if (values.help) {
    io.stdout.write(help);
    return 0;
  }
  const port = readPort(values.port);
  const host = values.host ?? '127.0.0.1';
  const config = readConfig(
    values.model === undefined ? io.environment : { ...io.environment, MODEL_DIR: values.model },
  );
  // What everybody logs at `info` can be seen on the page.
  const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel, io.stderr);
  const playground = await openPlayground({
    ...{ config, log, environment: io.environment, dataDir: values['data-dir'] },
    page: await bundlePage(),
    listenAt: { host, port: port ?? defaultPort, mustBePort: port !== undefined },
  });
  try {
    if (!isLoopback(host)) {
      io.stderr.write(`Warning: ${host} is not this machine alone: whoever reaches it can use the playground.\n`);
    }
    io.stdout.write(`The playground is open at ${playground.url}\nCtrl-C closes it.\n`);
    if (!values['no-open']) {
      const { environment, stdout } = io;
      openInBrowser(playground.url, { environment, platform: process.platform, isTTY: stdout.isTTY === true });
    }
    await aborted(io.signal);
  } finally {
    await playground.close();
  }
  return 0;
}

function readOptions(argv: string[]) {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        port: { type: 'string' },
        host: { type: 'string' },
        model: { type: 'string' },
        'data-dir': { type: 'string' },
        'no-open': { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw usageError(`${cause.message} See kinora playground --help.`, cause);
  }
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw usageError(`--port must be a number from 0 to 65535, not ${text}.`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
