import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import { clipOf, isClip, smallPicture } from '../e2e/stage.ts';
import { programFile } from '../support/program-file.ts';
import { noRedis, startRedis } from '../support/redis-server.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { freePort, startHosts, startTiny, startWorker, storedJobs, token } from './hosts.ts';

// `kinora bot` and `kinora worker` as they are, with the times of every day.

const tiny = await startTiny({ checkpointSeconds: 1 });
const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 20 });
const animate = { command: 'animate', attachments: { image: smallPicture }, options: { seed: 1, steps: 20 } };
const inEarnest = { isInEarnest: true };

describe.skipIf(noRedis !== undefined)(`in earnest${noRedis ? ` (${noRedis})` : ''}`, { timeout: 150_000 }, () => {
  it('the clip of a worker that is killed is begun elsewhere within 20 s', async () => {
    const hosts = await startHosts(tiny, inEarnest);
    const [first, second] = [hosts.startWorker('first', inEarnest), hosts.startWorker('second', inEarnest)];
    for (const { lines } of [first, second]) {
      await until(() => expect(lines.join()).toContain('making clips for a bot'));
    }
    // One for each, so that whichever is killed has one.
    const asked = [1, 2].map((seed) => hosts.discord.invoke({ ...animate, options: { ...animate.options, seed } }));
    const running = { state: 'running', attempts: 1 };
    await until(() => expect(hosts.jobs()).toMatchObject([running, running]));
    first.killAll('SIGKILL');
    const killedAtMs = Date.now();
    await until(() => expect(hosts.jobs().map(({ fence }) => fence)).toContain(2));
    const seconds = (Date.now() - killedAtMs) / 1000;
    process.stdout.write(`begun elsewhere after ${seconds.toFixed(1)} s\n`);
    expect(seconds).toBeLessThan(20);
    await Promise.all(asked.map(clipOf));
    expect(hosts.discord.messages().filter(isClip)).toHaveLength(2);
  });

  it('the bot is killed while a worker renders: it is not rendered again, and delivered once', async () => {
    const redis = await startRedis();
    onTestFinished(redis.stop);
    const discord = await startFakeDiscord();
    onTestFinished(() => discord.close());
    const [dataDir, port] = [tempFolder(), await freePort()];
    const startBot = (): ChildProcess => {
      const child = spawn(process.execPath, [programFile('src/main.ts'), 'bot'], {
        env: {
          PATH: process.env.PATH,
          DISCORD_TOKEN: discord.token,
          DISCORD_API_URL: discord.apiUrl,
          ATTACHMENT_HOSTS: discord.cdnHost,
          MODEL_DIR: tiny.modelDir,
          DATA_DIR: dataDir,
          QUEUE_URL: redis.url,
          WORKER_LISTEN: String(port),
          WORKER_TOKEN: token,
          DEVICES: 'none',
          PROVIDER: 'cpu',
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      return child;
    };
    const killed = startBot();
    await discord.waitForCommands(['animate'], { timeoutMs: 60_000 });
    const one = startWorker('one', {
      environment: {
        QUEUE_URL: redis.url,
        WORKER_URL: `http://127.0.0.1:${port}`,
        WORKER_TOKEN: token,
        MODEL_DIR: tiny.modelDir,
      },
      options: inEarnest,
    });
    const asked = discord.invoke(animate);
    // It has the answer to its claim: one that is lost is asked for again, which counts as another attempt.
    await until(() => expect(one.lines.join()).toContain('render process ready'));
    expect(storedJobs(dataDir)).toMatchObject([{ state: 'running' }]);
    const killedAtMs = Date.now();
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const isBack = discord.waitForChange((change) => change.kind === 'gateway' && change.state === 'ready', {
      timeoutMs: 60_000,
    });
    const restarted = startBot();
    await isBack;
    const awaySeconds = (Date.now() - killedAtMs) / 1000;
    await clipOf(asked);
    await until(() => expect(storedJobs(dataDir)).toMatchObject([{ state: 'done' }]));
    // A machine too busy to start the bot within the lease (15 s) has the job begun again, and the first attempt refused.
    if (awaySeconds < 10) expect(storedJobs(dataDir)).toMatchObject([{ attempts: 1, fence: 1 }]);
    expect(discord.messages().filter(isClip)).toHaveLength(1);
    restarted.kill('SIGTERM');
    expect(await once(restarted, 'exit')).toEqual([0, null]);
  });
});
