import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { InteractionHandle } from '../../src/fake-discord/types.ts';
import { clipOf, isClip } from '../e2e/stage.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { animate, begin, createBotHost, startHosts, until } from './hosts.ts';
import type { Moment } from './worker-messages.ts';

// With a tenth of the times of every day; `npm run soak -- --engine bullmq` has those of every day, and kills at every moment.

const stop = (at: Moment) => ({ at, signal: 'SIGSTOP' }) as const;
const kill = (at: Moment) => ({ at, signal: 'SIGKILL' }) as const;

/**
 * What happens at once, to a worker each. Whoever stands still goes on in the next round. To a bot, a worker that is killed
 * before it brings anything is the same in all stages; that is killed with a state brought: several-hosts.test.ts, and below.
 */
const rounds = [
  [stop('checkpoint'), stop('prepare'), stop('encode-image')],
  [stop('denoise'), stop('decode'), stop('encode-video')],
  [stop('upload'), stop('handed-in'), kill('prepare')],
  [kill('upload'), kill('handed-in')],
];

describe.skipIf(noRedis !== undefined)(`hosts that die${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('whenever a worker is killed or stands still, another goes on, and every clip comes once', async () => {
    const { discord, jobs, startWorker } = await startHosts(redis);
    const well = startWorker('well');
    const unlucky = [startWorker('first'), startWorker('second'), startWorker('third')];
    const harmed: { jobId: string; at: Moment }[] = [];
    const asked: InteractionHandle[] = [];
    for (const round of rounds) {
      await Promise.all([well, ...unlucky].map(({ ready }) => ready));
      // At once, so that one alone goes on with all of them.
      const reached = round.map(async (harm, index) => {
        const worker = unlucky[index]!;
        worker.order({ ...harm, spare: 'begun' });
        const { jobId } = await worker.next(({ type }) => type === 'harmed');
        harmed.push({ jobId, at: harm.at });
        if (harm.signal === 'SIGKILL') await worker.ended;
      });
      let isReached = false;
      const allReached = Promise.all(reached).then(() => {
        isReached = true;
      });
      // Whoever is well may take some of them.
      for (let most = 0; !isReached && most < 50; most++) {
        const steps = round.some(({ at }) => at === 'checkpoint') ? 6 : 2;
        const latest = [well, ...round].map(() => discord.invoke(animate(asked.length, steps)));
        asked.push(...latest);
        await Promise.race([allReached, Promise.all(latest.map(clipOf))]);
      }
      expect([round, isReached]).toEqual([round, true]);
      await Promise.all(asked.map(clipOf));
      for (const [index, { signal }] of round.entries()) if (signal === 'SIGSTOP') unlucky[index]!.killAll('SIGCONT');
    }
    await until(() => expect(jobs().filter(({ state }) => state !== 'done')).toEqual([]));
    expect(harmed.map(({ at }) => at).toSorted()).toEqual(
      rounds.flatMap((round) => round.map(({ at }) => at)).toSorted(),
    );
    const attempts = (id: string) => jobs().find((job) => job.id === id)?.attempts;
    const taken = harmed.filter(({ at }) => at !== 'handed-in');
    expect(taken.filter(({ jobId }) => attempts(jobId) !== 2)).toEqual([]);
    expect(discord.messages().filter(isClip)).toHaveLength(asked.length);
    expect(well.lines.some((line) => /Going on after step [1-5] of 6/.test(line))).toBe(true);
  });

  it('the bot is killed, then all at once: a worker’s clip is not made again, a dead one’s is, and each comes once', async () => {
    const discord = await startFakeDiscord();
    onTestFinished(() => discord.close());
    // Long enough for a bot to start in it.
    const leaseMs = 6_000;
    const { start, startHere, kill, jobs, startWorker } = await createBotHost({ discord, redis, leaseMs });
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
    // Nobody kills that one.
    await startHere();
    await clipOf(again);
    await until(() => expect(jobs()).toMatchObject([{ state: 'done' }, { state: 'done', attempts: 2, fence: 2 }]));
    expect(discord.messages().filter(isClip)).toHaveLength(2);
  });
});
