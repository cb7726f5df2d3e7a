import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { FakeDiscord, InteractionHandle } from '../../src/fake-discord/types.ts';
import { listStyles } from '../../src/inference/pipeline/styles.ts';
import { clipOf, isClip, smallPicture } from '../e2e/stage.ts';
import { startTinyRenderer } from '../e2e/tiny-renderer.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { styleFolder } from '../support/style-networks.ts';
import { createBotHost, type Hosts, startHosts, timing } from './hosts.ts';
import type { WorkerHost } from './worker-host.ts';
import { type Moment, moments } from './worker-messages.ts';

// With a tenth of the times of every day; `npm run soak -- --engine bullmq` has those of every day.

const tiny = await startTinyRenderer();
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 240_000, interval: 5 });

/** Many steps: long enough to do something to whoever makes it. */
const animate = (seed: number, steps = 60) => ({
  command: 'animate',
  attachments: { image: smallPicture },
  options: { seed, steps },
});

/** Has a worker begin a job, and stops its render process in the middle of it. */
async function begin(discord: FakeDiscord, worker: WorkerHost) {
  await worker.ready;
  worker.order({ at: 'checkpoint', signal: 'none', spare: [] });
  const isReached = worker.next(({ type }) => type === 'harmed');
  const asked = discord.invoke(animate(1));
  await isReached;
  return asked;
}

/** The clip came once, and the job is over. */
async function expectDelivered({ discord, jobs }: Pick<Hosts, 'discord' | 'jobs'>, job: object) {
  await until(() => expect(jobs()).toMatchObject([{ state: 'done', ...job }]));
  expect(discord.messages().filter(isClip)).toHaveLength(1);
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(noRedis !== undefined)(`workers on other hosts${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('a host without a database and without a token of Discord makes a clip', async () => {
    const hosts = await startHosts(tiny, redis);
    const worker = hosts.startWorker('one');
    await clipOf(hosts.discord.invoke(animate(1, 2)));
    await expectDelivered(hosts, { attempts: 1, fence: 1 });
    worker.kill('SIGTERM');
    expect(await worker.ended).toEqual([0, null]);
  });

  it('whenever a worker is killed or stands still, another goes on, and every clip comes once', async () => {
    const { discord, jobs, startWorker } = await startHosts(tiny, redis);
    const stillStanding = startWorker('well');
    const stopped = startWorker('stopped');
    const all: Moment[] = ['checkpoint', ...moments];
    const harmed = new Map<string, Moment>();
    const asked: InteractionHandle[] = [];
    let killed = startWorker('killed');
    for (const at of all) {
      await Promise.all([killed, stopped, stillStanding].map(({ ready }) => ready));
      let isReached = false;
      const reached = [killed, stopped].map(async (worker) => {
        const harm = await worker.next(({ type }) => type === 'harmed');
        harmed.set(harm.jobId, at);
      });
      const bothReached = Promise.all(reached).then(() => {
        isReached = true;
      });
      killed.order({ at, signal: 'SIGKILL', spare: [...harmed.keys()] });
      stopped.order({ at, signal: 'SIGSTOP', spare: [...harmed.keys()] });
      // Whoever is well may take some of them.
      for (let most = 0; !isReached && most < 50; most++) {
        const latest = [0, 1, 2].map(() => discord.invoke(animate(asked.length, at === 'checkpoint' ? 60 : 2)));
        asked.push(...latest);
        await Promise.race([bothReached, Promise.all(latest.map(clipOf))]);
      }
      await bothReached;
      await killed.ended;
      // The next one starts while the jobs of these two go on elsewhere.
      if (at !== all.at(-1)) killed = startWorker('killed');
      await Promise.all(asked.map(clipOf));
      stopped.killAll('SIGCONT');
    }
    await until(() => expect(jobs().filter(({ state }) => state !== 'done')).toEqual([]));
    expect([...harmed.values()].toSorted()).toEqual([...all, ...all].toSorted());
    const attempts = (id: string) => jobs().find((job) => job.id === id)?.attempts;
    const taken = [...harmed].filter(([, at]) => at !== 'handed-in');
    expect(taken.filter(([id]) => attempts(id) !== 2)).toEqual([]);
    expect(discord.messages().filter(isClip)).toHaveLength(asked.length);
    const lines = [...stillStanding.lines, ...stopped.lines, ...killed.lines].join('\n');
    expect(lines).toMatch(/Going on after step [1-9]\d* of 60/);
  });

  it('one that is told to stop gives its job back with no attempt lost', async () => {
    const hosts = await startHosts(tiny, redis);
    const first = hosts.startWorker('first');
    const asked = await begin(hosts.discord, first);
    first.killRender('SIGCONT');
    first.kill('SIGTERM');
    expect(await first.ended).toEqual([0, null]);
    const stopped = hosts.jobs()[0];
    // Or it was ready by then.
    expect(['interrupted', 'delivering', 'done']).toContain(stopped?.state);
    hosts.startWorker('second');
    await clipOf(asked);
    await expectDelivered(hosts, { attempts: 1 });
  });

  it('Redis is killed and comes back: the render goes on, and is not begun again', async () => {
    const hosts = await startHosts(tiny, redis);
    const first = hosts.startWorker('first');
    const asked = await begin(hosts.discord, first);
    await hosts.startWorker('second').ready;
    await redis.kill();
    await wait(1.2 * timing.engine.lock);
    first.killRender('SIGCONT');
    await clipOf(asked);
    await redis.start();
    await expectDelivered(hosts, { attempts: 1, fence: 1 });
    await clipOf(hosts.discord.invoke(animate(2, 2)));
  });

  it('the network to the bot is silent for longer than the lease: the clip is handed in once it is back', async () => {
    const hosts = await startHosts(tiny, redis);
    const first = hosts.startWorker('first');
    const asked = await begin(hosts.discord, first);
    hosts.way.stall();
    first.killRender('SIGCONT');
    await wait(1.2 * timing.leaseMs);
    expect(hosts.jobs()).toMatchObject([{ state: 'running' }]);
    hosts.way.resume();
    await clipOf(asked);
    await expectDelivered(hosts, { attempts: 1, fence: 1 });
  });

  it('a clip that is cancelled while another host makes it stops there, and the next is made', async () => {
    const hosts = await startHosts(tiny, redis);
    const first = hosts.startWorker('first');
    await begin(hosts.discord, first);
    const [job] = hosts.jobs();
    const { ownerId, invoke } = hosts.discord;
    invoke({ command: 'kinora-admin cancel', user: ownerId, options: { job: job!.id } });
    await until(() => expect(hosts.jobs()).toMatchObject([{ state: 'cancelled' }]));
    first.killRender('SIGCONT');
    await clipOf(invoke(animate(2, 2)));
    expect(hosts.discord.messages().filter(isClip)).toHaveLength(1);
  });

  it('one with another model is shown with the reason, and is given nothing', async () => {
    const hosts = await startHosts(tiny, redis);
    hosts.startWorker('other', { MODEL_DIR: 'test/golden/models/tiny-b' });
    const asked = hosts.discord.invoke(animate(1, 2));
    await until(async () => {
      const status = hosts.discord.invoke({ command: 'kinora-admin status', user: hosts.discord.ownerId });
      const { content } = await status.waitForMessage(({ content: text }) => text !== '');
      expect(content).toMatch(/⚪ \*\*other cpu\*\* takes no clips: its model or LoRAs .* are not those of the bot/);
    });
    expect(hosts.jobs()).toMatchObject([{ state: 'queued', attempts: 0 }]);
    hosts.startWorker('same');
    await clipOf(asked);
    await expectDelivered(hosts, { attempts: 1 });
  });

  it('one without the bot’s styles makes all clips but those in them, which wait for one that has the style', async () => {
    const STYLE_DIR = styleFolder({ ink: { network: 'negative' } });
    const { styles } = await listStyles(STYLE_DIR);
    const hosts = await startHosts(tiny, redis, { styles });
    const { discord, jobs, startWorker } = hosts;
    await startWorker('plain').ready;
    const inInk = animate(1, 2);
    const styled = discord.invoke({ ...inInk, options: { ...inInk.options, style: 'ink' } });
    await clipOf(discord.invoke(animate(2, 2)));
    expect(jobs()).toMatchObject([{ state: 'queued', attempts: 0 }, { attempts: 1 }]);
    const offered = () => discord.autocomplete({ command: 'animate', focused: 'style', options: { style: '' } });
    expect(await offered()).toEqual([]);
    const status = discord.invoke({ command: 'kinora-admin status', user: discord.ownerId });
    const { content } = await status.waitForMessage(({ content: text }) => text !== '');
    expect(content).toMatch(/🟢 \*\*plain cpu\*\*: waiting · lacks styles: ink/);
    startWorker('draws', { STYLE_DIR });
    await clipOf(styled);
    await until(() => expect(jobs()).toMatchObject([{ state: 'done', attempts: 1 }, { state: 'done' }]));
    expect(await offered()).toEqual([{ name: 'ink', value: 'ink' }]);
  });

  it('the bot is killed, then all at once: a worker’s clip is not made again, a dead one’s is, and each comes once', async () => {
    const discord = await startFakeDiscord();
    onTestFinished(() => discord.close());
    // Long enough for a bot to start in it.
    const leaseMs = 6_000;
    const { start, kill, jobs, startWorker } = await createBotHost(tiny, { discord, redis, leaseMs });
    await start();
    const first = startWorker('first');
    const asked = await begin(discord, first);
    const killedAtMs = Date.now();
    await kill();
    await start();
    const awayMs = Date.now() - killedAtMs;
    first.killRender('SIGCONT');
    await clipOf(asked);
    await until(() => expect(jobs()).toMatchObject([{ state: 'done' }]));
    // On a machine too busy to start the bot within the lease the job is begun again, and the first attempt refused.
    if (awayMs < leaseMs / 2) expect(jobs()).toMatchObject([{ attempts: 1, fence: 1 }]);

    const again = await begin(discord, first);
    first.killAll('SIGKILL');
    await Promise.all([kill(), redis.kill(), first.ended]);
    await redis.start();
    startWorker('first');
    await start();
    await clipOf(again);
    await until(() => expect(jobs()).toMatchObject([{ state: 'done' }, { state: 'done', attempts: 2, fence: 2 }]));
    expect(discord.messages().filter(isClip)).toHaveLength(2);
  });
});
