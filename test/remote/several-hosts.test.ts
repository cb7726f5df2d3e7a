import { describe, expect, it, vi } from 'vitest';
import { clipOf, isClip, smallPicture } from '../e2e/stage.ts';
import { noRedis } from '../support/redis-server.ts';
import { type Hosts, startHosts, startTiny } from './hosts.ts';

const tiny = await startTiny({ checkpointSeconds: 1 });
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 5 });

/** Many steps: long enough to do something to whoever makes it. */
const animate = (seed: number, steps = 60) => ({
  command: 'animate',
  attachments: { image: smallPicture },
  options: { seed, steps },
});

/** Starts a worker and a job, and stops the render process once a state of it was kept. */
async function begin({ startWorker, discord, jobs }: Hosts) {
  const first = startWorker('first');
  const asked = discord.invoke(animate(1));
  await until(() => expect(jobs()).toMatchObject([{ state: 'running', hasCheckpoint: 1 }]));
  first.killRender('SIGSTOP');
  expect(jobs()).toMatchObject([{ state: 'running', attempts: 1 }]);
  return { first, asked };
}

/** The clip came once, and the job is over. */
async function expectDelivered({ discord, jobs }: Hosts, job: object) {
  await until(() => expect(jobs()).toMatchObject([{ state: 'done', ...job }]));
  expect(discord.messages().filter(isClip)).toHaveLength(1);
}

const wentOn = expect.arrayContaining([expect.stringMatching(/Going on after step [1-9]\d* of 60/)]);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(noRedis !== undefined)(
  `workers on other hosts${noRedis ? ` (${noRedis})` : ''}`,
  { timeout: 120_000 },
  () => {
    it('a host without a database and without a token of Discord makes a clip', async () => {
      const hosts = await startHosts(tiny);
      const worker = hosts.startWorker('one');
      await clipOf(hosts.discord.invoke(animate(1, 2)));
      await expectDelivered(hosts, { attempts: 1, fence: 1 });
      worker.kill('SIGTERM');
      expect(await worker.ended).toEqual([0, null]);
    });

    it('one that is killed in mid-render: another goes on from its checkpoint, and the clip comes once', async () => {
      const hosts = await startHosts(tiny);
      const { first, asked } = await begin(hosts);
      const second = hosts.startWorker('second');
      await until(() => expect(second.lines.join()).toContain('making clips for a bot'));
      first.killAll('SIGKILL');
      const killedAtMs = Date.now();
      await until(() => expect(hosts.jobs()[0]?.fence).toBe(2));
      // A tenth of the times that are set in earnest, and what a busy machine takes.
      expect(Date.now() - killedAtMs).toBeLessThan(5_000);
      await clipOf(asked);
      await expectDelivered(hosts, { attempts: 2, fence: 2 });
      expect(second.lines).toEqual(wentOn);
    });

    it('one that stands still and comes back: another goes on, and what the first brings is refused', async () => {
      const hosts = await startHosts(tiny);
      const { first, asked } = await begin(hosts);
      first.killAll('SIGSTOP');
      const second = hosts.startWorker('second');
      await clipOf(asked);
      first.killAll('SIGCONT');
      await expectDelivered(hosts, { attempts: 2, fence: 2 });
      expect(second.lines).toEqual(wentOn);
      // It is well, and makes the next.
      second.kill('SIGTERM');
      await second.ended;
      await clipOf(hosts.discord.invoke(animate(2, 2)));
      expect(hosts.discord.messages().filter(isClip)).toHaveLength(2);
    });

    it('one that is told to stop gives its job back with no attempt lost', async () => {
      const hosts = await startHosts(tiny);
      const { first, asked } = await begin(hosts);
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
      const hosts = await startHosts(tiny);
      const { first, asked } = await begin(hosts);
      hosts.startWorker('second');
      await hosts.redis.kill();
      await wait(3_000);
      first.killRender('SIGCONT');
      await clipOf(asked);
      await hosts.redis.start();
      await expectDelivered(hosts, { attempts: 1, fence: 1 });
      await clipOf(hosts.discord.invoke(animate(2, 2)));
    });

    it('the network to the bot is silent for twice the lease: the clip is handed in once it is back', async () => {
      const hosts = await startHosts(tiny);
      const { first, asked } = await begin(hosts);
      hosts.way.stall();
      first.killRender('SIGCONT');
      await wait(3_000);
      expect(hosts.jobs()).toMatchObject([{ state: 'running' }]);
      hosts.way.resume();
      await clipOf(asked);
      await expectDelivered(hosts, { attempts: 1, fence: 1 });
    });

    it('a clip that is cancelled while another host makes it stops there, and the next is made', async () => {
      const hosts = await startHosts(tiny);
      const { first } = await begin(hosts);
      const [job] = hosts.jobs();
      const { ownerId, invoke } = hosts.discord;
      invoke({ command: 'kinora-admin cancel', user: ownerId, options: { job: job!.id } });
      await until(() => expect(hosts.jobs()).toMatchObject([{ state: 'cancelled' }]));
      first.killRender('SIGCONT');
      await clipOf(invoke(animate(2, 2)));
      expect(hosts.discord.messages().filter(isClip)).toHaveLength(1);
    });

    it('one with another model is shown with the reason, and is given nothing', async () => {
      const hosts = await startHosts(tiny);
      hosts.startWorker('other', { environment: { MODEL_DIR: 'test/golden/models/tiny-b' } });
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
  },
);
