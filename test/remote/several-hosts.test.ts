import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listStyles } from '../../src/inference/pipeline/styles.ts';
import { clipOf, isClip } from '../e2e/stage.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { styleFolder } from '../support/style-networks.ts';
import { animate, begin, expectDelivered, startHosts, timing, until } from './hosts.ts';

// With a tenth of the times of every day; `npm run soak -- --engine bullmq` has those of every day.

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(noRedis !== undefined)(`workers on other hosts${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('hosts without a database and without a token of Discord make clips, and one goes on where a dead one was', async () => {
    const hosts = await startHosts(redis);
    const first = hosts.startWorker('first', { isReal: true });
    await clipOf(hosts.discord.invoke(animate(1, 2)));
    await expectDelivered(hosts, { attempts: 1, fence: 1 });
    const asked = await begin(hosts.discord, first);
    first.killAll('SIGKILL');
    const second = hosts.startWorker('second', { isReal: true });
    await clipOf(asked);
    await until(() => expect(hosts.jobs()[1]).toMatchObject({ state: 'done', attempts: 2, fence: 2 }));
    expect(hosts.discord.messages().filter(isClip)).toHaveLength(2);
    expect(second.lines.join()).toMatch(/Going on after step [1-9]\d* of 60/);
    second.kill('SIGTERM');
    expect(await second.ended).toEqual([0, null]);
  });

  it('one that is told to stop gives its job back with no attempt lost', async () => {
    const hosts = await startHosts(redis);
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

  it('Redis is killed, then the network to the bot is silent for longer than the lease: the render goes on, and is not begun again', async () => {
    const hosts = await startHosts(redis);
    const first = hosts.startWorker('first');
    const asked = await begin(hosts.discord, first);
    const second = hosts.startWorker('second');
    await second.ready;
    await redis.kill();
    await wait(1.2 * timing.engine.lock);
    first.killRender('SIGCONT');
    await clipOf(asked);
    await redis.start();
    await expectDelivered(hosts, { attempts: 1, fence: 1 });

    // Nobody but the first takes the next, which is handed in once the bot can be reached.
    second.kill('SIGTERM');
    await second.ended;
    const again = await begin(hosts.discord, first);
    hosts.way.stall();
    first.killRender('SIGCONT');
    await wait(1.2 * timing.leaseMs);
    expect(hosts.jobs()[1]).toMatchObject({ state: 'running' });
    hosts.way.resume();
    await clipOf(again);
    await until(() => expect(hosts.jobs()[1]).toMatchObject({ state: 'done', attempts: 1, fence: 1 }));
    expect(hosts.discord.messages().filter(isClip)).toHaveLength(2);
  });

  it('a clip that is cancelled while another host makes it stops there, and the next is made', async () => {
    const hosts = await startHosts(redis);
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
    const hosts = await startHosts(redis);
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

  it('one without the bot’s styles makes all clips but those in them, which wait for one that has the style', async () => {
    const STYLE_DIR = styleFolder({ ink: { network: 'negative' } });
    const { styles } = await listStyles(STYLE_DIR);
    const hosts = await startHosts(redis, styles);
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
    startWorker('draws', { environment: { STYLE_DIR }, isReal: true });
    await clipOf(styled);
    await until(() => expect(jobs()).toMatchObject([{ state: 'done', attempts: 1 }, { state: 'done' }]));
    expect(await offered()).toEqual([{ name: 'ink', value: 'ink' }]);
  });
});
