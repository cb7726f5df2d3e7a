import { spawn } from 'node:child_process';
import { readConfig } from '../config/config.ts';
import { bundlePage } from '../playground/bundle-page.ts';
import { isLoopback } from '../playground/page-security.ts';
import { type CommandLine, type OptionDeclaration, readCommandLine, showHelp } from './command-line.ts';
import { createLog } from './create-log.ts';
import type { CliIo } from './io.ts';
import { chooseModel } from './locate-model.ts';
import { openPlayground } from './open-playground.ts';
import { usageError } from './usage-error.ts';

/** K, I, N, O on a telephone's keys. */
const defaultPort = 5466;

const line = {
  name: 'kinora playground',
  about:
    'Opens a channel as Discord draws it in the browser, with the real bot in it: type /animate, attach a picture, watch. ' +
    'Everything stays on this machine; no token is needed.',
  options: {
    port: { value: 'N', help: `the port (${defaultPort}, or any free one where that is taken)` },
    host: { value: 'HOST', help: 'another address to listen at than 127.0.0.1: others can then use the playground' },
    model: { value: 'MODEL', help: 'a model folder or file (MODEL_DIR, else the demo model)' },
    'data-dir': { value: 'DIR', help: "keep the bot's data there (a temporary folder)" },
    open: { isOn: true, help: 'do not open the browser' },
  },
} as const satisfies CommandLine<Record<string, OptionDeclaration>>;

/** `kinora playground`: serves until it is told to stop. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const { values } = given;
  const port = readPort(values.port);
  const host = values.host ?? '127.0.0.1';
  const { config, notice } = await chooseModel(
    readConfig(values.model === undefined ? io.environment : { ...io.environment, MODEL_DIR: values.model }),
    io.environment,
  );
  if (notice !== undefined) io.stderr.write(`${notice}\n`);
  // What everybody logs at `info` can be seen on the page.
  const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel, io.stderr, { format: config.logFormat });
  const playground = await openPlayground({
    config,
    log,
    environment: io.environment,
    dataDir: values['data-dir'],
    page: await bundlePage(),
    listenAt: { host, port: port ?? defaultPort, mustBePort: port !== undefined },
  });
  try {
    if (!isLoopback(host)) {
      io.stderr.write(`Warning: ${host} is not this machine alone: whoever reaches it can use the playground.\n`);
    }
    io.stdout.write(`The playground is open at ${playground.url}\nCtrl-C closes it.\n`);
    if (values.open) {
      const { environment, stdout } = io;
      openInBrowser(playground.url, { environment, platform: process.platform, isTTY: stdout.isTTY === true });
    }
    await aborted(io.signal);
  } finally {
    await playground.close();
  }
  return 0;
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

/** What {@link openInBrowser} looks at. */
interface Desktop extends Pick<CliIo, 'environment'> {
  platform: NodeJS.Platform;
  /** Whether a person watches. */
  isTTY: boolean;
}

/**
 * The program that opens an address in the person's browser, with its arguments; undefined where there is no desktop or
 * nobody at it.
 */
export function browserCommand(url: string, { environment, platform, isTTY }: Desktop): string[] | undefined {
  if (!isTTY || (environment.CI ?? '') !== '') return undefined;
  if (platform === 'darwin') return ['open', url];
  // Not `start`, which belongs to cmd.exe and reads its arguments in its own way.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  return environment.DISPLAY || environment.WAYLAND_DISPLAY ? ['xdg-open', url] : undefined;
}

/** Opens an address in the person's browser, where there is one. Never throws: the address was printed as well. */
function openInBrowser(url: string, desktop: Desktop): void {
  const [program, ...args] = browserCommand(url, desktop) ?? [];
  if (program === undefined) return;
  const child = spawn(program, args, { stdio: 'ignore', detached: true, windowsHide: true });
  child.on('error', () => {});
  child.unref();
}
