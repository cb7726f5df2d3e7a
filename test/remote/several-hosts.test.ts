import { describe, expect, it, vi } from 'vitest';
import { clipOf, isClip, smallPicture } from '../e2e/stage.ts';
import { noRedis } from '../support/redis-server.ts';
import { startHosts, startTiny } from './hosts.ts';

const tiny = await startTiny({ checkpointSeconds: 1 });
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 10 });

const animate = (seed: number, options = {}) => ({
  command: 'animate',
  attachments: { image: smallPicture },
  options: { seed, ...options },
});

describe.skipIf(noRedis !== undefined)(
  `workers on other hosts${noRedis ? ` (${noRedis})` : ''}`,
  { timeout: 180_000 },
  () => {
    it('a host without a database and without a token of Discord makes a clip', async () => {
      const { discord, startWorker, jobs } = await startHosts(tiny);
      const worker = startWorker('one');
      await clipOf(discord.invoke(animate(1)));
      await until(() => expect(jobs()).toMatchObject([{ state: 'done', attempts: 1 }]));
      expect(discord.messages().filter(isClip)).toHaveLength(1);
      const t = Date.now();
      await clipOf(discord.invoke(animate(2, { steps: 50 })));
      console.log('50 steps', Date.now() - t);
      worker.kill('SIGTERM');
      expect(await worker.ended).toEqual([0, null]);
    });
  },
);
