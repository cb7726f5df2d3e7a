import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { takeLease } from '../../src/storage/lease.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** A process that holds the data folder, as far as the folder tells. */
function startOther(folder: string): void {
  const log = createRecordingLog();
  takeLease(openDatabase(folder), { clock: createFakeClock(Date.now()), log, onLost: () => {} });
}

function setUp(environment: Record<string, string>) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const abort = new AbortController();
  const code = runCli(['bot'], { stdout, stderr, signal: abort.signal, environment });
  return { code, abort, written: (stream: 'stdout' | 'stderr') => String({ stdout, stderr }[stream].read() ?? '') };
}

/** A port of this machine that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Another subcommand to its end: its code, and what it wrote. */
async function run(words: string[], environment: Record<string, string>): Promise<[number, string, string]> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await runCli(words, { stdout, stderr, signal: new AbortController().signal, environment });
  return [code, String(stdout.read() ?? ''), String(stderr.read() ?? '')];
}

describe('kinora bot', () => {
  it('without a token says in three steps how to get one, and fails', async () => {
    const { code, written } = setUp({ DATA_DIR: tempFolder() });
    expect(await code).toBe(1);
    expect(written('stderr')).toMatch(/DISCORD_TOKEN is not set.*\(1\).*\(2\).*Reset Token.*\(3\).*\.env/);
  });

  it('says that Discord refuses a wrong token, without showing it', async () => {
    const discord = await startFakeDiscord();
    const environment = { DISCORD_TOKEN: 'wrong-token', DISCORD_API_URL: discord.apiUrl, DATA_DIR: tempFolder() };
    const { code, written } = setUp(environment);
    expect(await code).toBe(1);
    expect(written('stderr')).toContain('Discord refuses DISCORD_TOKEN');
    expect(written('stdout')).not.toContain('wrong-token');
    await discord.close();
  });

  it('serves until it is told to stop, then ends well and has left Discord', async () => {
    const discord = await startFakeDiscord();
    const environment = { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl, DATA_DIR: tempFolder() };
    const { code, abort, written } = setUp(environment);
    await discord.waitForCommands(['animate']);
    const gone = discord.waitForChange((change) => change.kind === 'gateway' && change.state === 'closed');
    abort.abort();
    expect(await code).toBe(0);
    await gone;
    const events = written('stdout')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(events).toEqual(expect.arrayContaining(['connected to Discord', 'commands registered']));
    expect(events.slice(-2)).toEqual([expect.stringContaining('going down'), 'disconnected from the gateway']);
    expect(discord.violations()).toEqual([]);
    await discord.close();
  });

  it('tells in the log what is wrong with the Redis of the queue, without its password', async () => {
    const discord = await startFakeDiscord();
    const account = { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl, DATA_DIR: tempFolder() };
    const workers = { WORKER_LISTEN: String(await freePort()), WORKER_TOKEN: '0123456789abcdef' };
    const { code, abort, written } = setUp({ ...account, ...workers, QUEUE_URL: 'redis://:secret@127.0.0.1:1' });
    abort.abort();
    expect(await code).toBe(0);
    const told = written('stdout');
    expect(told).toMatch(/"level":"warn".*"check":"Redis".*QUEUE_URL cannot be used: .*ECONNREFUSED/);
    expect(told).not.toContain('secret');
    await discord.close();
  });

  it.each([
    [
      'a damaged database',
      (folder: string) => writeFileSync(join(folder, 'kinora.db'), 'x'.repeat(5_000)),
      'is damaged (',
    ],
    [
      'a folder that another bot works with',
      (folder: string) => void startOther(folder),
      'is in use by another Kinora: process ',
    ],
  ])('says in one line what is wrong with its data and what to do: %s', async (_, spoil, text) => {
    const discord = await startFakeDiscord();
    const folder = tempFolder();
    spoil(folder);
    const environment = { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl, DATA_DIR: folder };
    const { code, written } = setUp(environment);
    expect(await code).toBe(1);
    const told = written('stderr');
    expect(told).toMatch(/^kinora: .*\n$/);
    expect(told).toContain(text);
    expect(discord.calls('GET /gateway/bot')).toEqual([]);
    await discord.close();
  });

  it('answers HTTP_LISTEN while it waits for Discord, and no more when it has ended', async () => {
    const discord = await startFakeDiscord({ outage: 'unreachable' });
    const HTTP_LISTEN = String(await freePort());
    const { code, abort } = setUp({
      HTTP_LISTEN,
      DISCORD_TOKEN: discord.token,
      DISCORD_API_URL: discord.apiUrl,
      DATA_DIR: tempFolder(),
    });
    const ask = (path: string) => fetch(`http://127.0.0.1:${HTTP_LISTEN}${path}`);
    await expect.poll(() => ask('/healthz').then(({ status }) => status)).toBe(200);
    const checks = async () => ((await (await ask('/readyz')).json()) as { checks: Record<string, unknown> }).checks;
    await expect.poll(checks).toMatchObject({
      gateway: { ok: false, reason: 'Discord was not reached yet' },
      database: { ok: true },
      model: { ok: true },
      render: { ok: true },
    });
    const health = (...words: string[]) => run(['health', ...words], { HTTP_LISTEN });
    expect(await health()).toEqual([0, 'alive\n', '']);
    expect(await health('--ready')).toEqual([
      1,
      expect.stringMatching(/^not-ready\n(.*\n)*gateway: Discord was not reached yet\n/),
      '',
    ]);
    discord.setOutage('none');
    await expect.poll(async () => (await ask('/readyz')).status, { timeout: 20_000 }).toBe(200);
    expect(await health('--ready')).toEqual([0, 'ready\n', '']);
    abort.abort();
    expect(await code).toBe(0);
    await expect(ask('/healthz')).rejects.toThrow();
    const [failed, , told] = await health();
    expect([failed, told]).toEqual([1, expect.stringContaining(`127.0.0.1:${HTTP_LISTEN} does not answer`)]);
    await discord.close();
  });

  it('says that its port is taken, before it touches Discord', async () => {
    const discord = await startFakeDiscord();
    const { port } = new URL(discord.apiUrl);
    const environment = { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl, DATA_DIR: tempFolder() };
    const { code, written } = setUp({ ...environment, HTTP_LISTEN: port });
    expect(await code).toBe(1);
    expect(written('stderr')).toMatch(/^kinora: HTTP_LISTEN=127\.0\.0\.1:\d+ cannot be listened on: .*\n$/);
    expect(discord.calls('GET /gateway/bot')).toEqual([]);
    await discord.close();
  });

  it('ends when Discord closes the connection for good', async () => {
    const discord = await startFakeDiscord();
    const environment = { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl, DATA_DIR: tempFolder() };
    const { code, written } = setUp(environment);
    await discord.waitForCommands(['animate']);
    discord.dropGateway({ code: 4014 });
    expect(await code).toBe(1);
    expect(written('stderr')).toContain('code 4014');
    await discord.close();
  });
});
