import { z } from 'zod';
import { type Config, readConfig } from '../config/config.ts';
import { ConfigError } from '../errors.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';

const line = {
  name: 'kinora health',
  about:
    'Asks the bot that listens on HTTP_LISTEN whether it is alive: its event loop answers. Exit code 1 where it is not. ' +
    'For health checks of containers, which have no curl.',
  options: { ready: { help: 'ask whether it is able to work instead: Discord, database, renderer, model, disk' } },
} as const;

/** A supervisor asks again soon. */
const timeoutMs = 8_000;

const answerSchema = z.object({
  status: z.string(),
  checks: z.record(z.string(), z.object({ ok: z.boolean(), reason: z.string().optional() })).default({}),
});

/** `kinora health`: what the running bot says of itself. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const { httpListen } = readConfig(io.environment);
  if (httpListen === undefined) {
    throw new ConfigError(
      'config-missing',
      'HTTP_LISTEN is not set, so nobody can be asked; for example HTTP_LISTEN=9464.',
    );
  }
  const { isWell, status, checks } = await ask(httpListen, given.values.ready ? '/readyz' : '/healthz');
  io.stdout.write(`${status}\n`);
  for (const [name, { ok, reason = '' }] of Object.entries(checks)) if (!ok) io.stdout.write(`${name}: ${reason}\n`);
  return isWell ? 0 : 1;
}

async function ask({ host, port }: NonNullable<Config['httpListen']>, path: string) {
  // Where the bot listens on every address, this machine is one of them.
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  const address = reachable.includes(':') ? `[${reachable}]:${port}` : `${reachable}:${port}`;
  try {
    const answer = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
    return { isWell: answer.ok, ...answerSchema.parse(await answer.json()) };
  } catch (cause) {
    throw new ConfigError(
      'bot-silent',
      `${address} does not answer as a bot does. Does one run with this HTTP_LISTEN?`,
      { cause },
    );
  }
}
