import { writeFileSync } from 'node:fs';
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
    const { code, abort, written } = setUp({ ...account, QUEUE_URL: 'redis://:secret@127.0.0.1:1' });
    abort.abort();
    expect(await code).toBe(0);
    const told = written('stdout');
    expect(told).toMatch(/"level":40.*"check":"Redis".*QUEUE_URL cannot be used: .*ECONNREFUSED/);
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
