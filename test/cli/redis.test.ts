import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { warnOfRedis } from '../../src/cli/doctor/check-redis.ts';
import { examineRedis } from '../../src/queue/engine/examine-redis.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { noRedis, startRedis } from '../support/redis-server.ts';

/** What redis.conf is shipped with. */
const stockSettings = { save: '3600 1 300 100 60 10000', appendonly: 'no', appendfsync: 'everysec' };

async function redisWith(settings: Readonly<Record<string, string>> = {}) {
  const redis = await startRedis(settings);
  onTestFinished(redis.stop);
  return redis;
}

/** A server that answers as a Redis with this INFO would; its address. */
async function answeringInfo(info: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      // A command is an array of bulk strings; which one it is, its words say.
      const asked = String(data).toLowerCase();
      for (const word of asked.match(/\b(info|ping|client|hello)\b/g) ?? []) {
        if (word === 'info') socket.write(`$${Buffer.byteLength(info)}\r\n${info}\r\n`);
        else socket.write(word === 'ping' ? '+PONG\r\n' : '+OK\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return `redis://127.0.0.1:${address.port}`;
}

const verdicts = async (url: string) => (await examineRedis(url)).map(({ about, verdict }) => [about, verdict]);

describe.skipIf(noRedis !== undefined)(`the Redis of the queue${noRedis === undefined ? '' : ` (${noRedis})`}`, () => {
  it('is well with an append-only file', async () => {
    const { url } = await redisWith();
    const found = await examineRedis(url);
    expect(found.map(({ about, verdict }) => [about, verdict])).toEqual([
      ['Redis', 'ok'],
      ['Redis persistence', 'ok'],
      ['Redis memory', 'ok'],
    ]);
    expect(found[0]?.text).toMatch(/^version \d+\.\d+\.\d+ answers in [\d.]+ ms$/);
    // In tenths: a quick machine may take none.
    expect(found[0]?.facts?.latencyMs).toBeGreaterThanOrEqual(0);
  });

  it('fails with stock settings, which forget what they were given; the log says it in the same words', async () => {
    const { url } = await redisWith(stockSettings);
    const [, persistence] = await examineRedis(url);
    expect(persistence).toMatchObject({
      verdict: 'fails',
      text: expect.stringMatching(/^appendonly is off, as it is by default: .*forgets the jobs.*Set appendonly yes$/),
    });
    const log = createRecordingLog();
    await warnOfRedis(url, log);
    expect(log.events).toEqual([{ level: 'warn', fields: { check: 'Redis persistence' }, message: persistence?.text }]);
  });

  it('fails where it throws jobs away once its memory is full', async () => {
    const { url } = await redisWith({ 'maxmemory-policy': 'allkeys-lru', maxmemory: '64mb' });
    expect((await examineRedis(url)).find(({ about }) => about === 'Redis memory')).toMatchObject({
      verdict: 'fails',
      text: expect.stringContaining('allkeys-lru'),
    });
  });

  it('fails where the password is wrong, which is told without it', async () => {
    const { port } = await redisWith({ requirepass: 'right-secret' });
    const found = await examineRedis(`redis://:wrong-secret@127.0.0.1:${port}`);
    expect(found).toEqual([
      { about: 'Redis', verdict: 'fails', text: expect.stringMatching(/^QUEUE_URL cannot be used: \S+/) },
    ]);
    expect(JSON.stringify(found)).not.toContain('secret');
    expect(await verdicts(`redis://:right-secret@127.0.0.1:${port}`)).toContainEqual(['Redis', 'ok']);
  });

  it('fails where nobody answers, and says so at once', async () => {
    const redis = await redisWith();
    await redis.kill();
    expect(await examineRedis(redis.url)).toEqual([
      { about: 'Redis', verdict: 'fails', text: expect.stringContaining('ECONNREFUSED') },
    ]);
  });
});

describe('a Redis that is older', () => {
  const settings = 'aof_enabled:1\r\naof_last_write_status:ok\r\nmaxmemory_policy:noeviction';
  it.each([
    ['6.0.16', 'fails'],
    ['5.0.14', 'fails'],
    ['6.2.0', 'ok'],
    ['10.0.1', 'ok'],
  ])('than 6.2 fails: %s is %s', async (version, verdict) => {
    expect(await verdicts(await answeringInfo(`redis_version:${version}\r\n${settings}`))).toContainEqual([
      'Redis',
      verdict,
    ]);
  });

  it('or cannot write its append-only file fails', async () => {
    const info = 'redis_version:7.0.15\r\naof_enabled:1\r\naof_last_write_status:err\r\nmaxmemory_policy:noeviction';
    expect(await verdicts(await answeringInfo(info))).toContainEqual(['Redis persistence', 'fails']);
  });
});
