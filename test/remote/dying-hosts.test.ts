import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { InteractionHandle } from '../../src/fake-discord/types.ts';
import { clipOf, isClip } from '../e2e/stage.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { animate, begin, createBotHost, startHosts, until } from './hosts.ts';
import { type Moment, moments } from './worker-messages.ts';

// With a tenth of the times of every day; `npm run soak -- --engine bullmq` has those of every day.

describe.skipIf(noRedis !== undefined)(`hosts that die${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('whenever a worker is killed or stands still, another goes on, and every clip comes once', async () => {
    const { discord, jobs, startWorker } = await startHosts(redis);
    const stillStanding = startWorker('well');
    const stopped = startWorker('stopped');
    const all: Moment[] = ['checkpoint', ...moments];
    const harmed = new Map<string, Moment>();
    const asked: InteractionHandle[] = [];
    let killed = startWorker('killed');
    const workers = [stillStanding, stopped, killed];
    // That one is killed there: several-hosts.test.ts, with real networks, and the next test.
    const unharmed: Moment = 'checkpoint';
    for (const at of all) {
      const unlucky = at === unharmed ? [stopped] : [killed, stopped];
      await Promise.all([killed, stopped, stillStanding].map(({ ready }) => ready));
      let isReached = false;
      const reached = unlucky.map(async (worker) => {
        const harm = await worker.next(({ type }) => type === 'harmed');
        harmed.set(harm.jobId, at);
      });
      const allReached = Promise.all(reached).then(() => {
        isReached = true;
      });
      if (unlucky.includes(killed)) killed.order({ at, signal: 'SIGKILL', spare: [...harmed.keys()] });
      stopped.order({ at, signal: 'SIGSTOP', spare: [...harmed.keys()] });
      // Whoever is well may take some of them.
      for (let most = 0; !isReached && most < 50; most++) {
        const latest = [0, 1, 2].map(() => discord.invoke(animate(asked.length, at === 'checkpoint' ? 60 : 2)));
        asked.push(...latest);
        await Promise.race([allReached, Promise.all(latest.map(clipOf))]);
      }
      expect([at, isReached]).toEqual([at, true]);
      if (unlucky.includes(killed)) {
        await killed.ended;
        // The next one starts while the jobs of these two go on elsewhere.
        if (at !== all.at(-1)) {
          killed = startWorker('killed');
          workers.push(killed);
        }
      }
      await Promise.all(asked.map(clipOf));
      stopped.killAll('SIGCONT');
    }
    await until(() => expect(jobs().filter(({ state }) => state !== 'done')).toEqual([]));
    expect([...harmed.values()].toSorted()).toEqual([...all, ...moments].toSorted());
    const attempts = (id: string) => jobs().find((job) => job.id === id)?.attempts;
    const taken = [...harmed].filter(([, at]) => at !== 'handed-in');
    expect(taken.filter(([id]) => attempts(id) !== 2)).toEqual([]);
    expect(discord.messages().filter(isClip)).toHaveLength(asked.length);
    // Whoever went on may have been killed since.
    const lines = workers.flatMap((worker) => worker.lines);
    expect(lines.some((line) => /Going on after step [1-9]\d* of 60/.test(line))).toBe(true);
  });

  it('the bot is killed, then all at once: a worker’s clip is not made again, a dead one’s is, and each comes once', async () => {
    const discord = await startFakeDiscord();
    onTestFinished(() => discord.close());
    // Long enough for a bot to start in it.
    const leaseMs = 6_000;
    const { start, kill, jobs, startWorker } = await createBotHost({ discord, redis, leaseMs });
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
