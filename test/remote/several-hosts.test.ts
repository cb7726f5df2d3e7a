import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listStyles } from '../../src/inference/pipeline/styles.ts';
import { clipOf, isClip } from '../e2e/stage.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { styleFolder } from '../support/style-networks.ts';
import { animate, begin, startHosts, timing, until } from './hosts.ts';

// With a tenth of the times of every day; `npm run soak -- --engine bullmq` has those of every day.

/** More than networks compute before a process of theirs is stopped. */
const manySteps = 20;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(noRedis !== undefined)(`workers on other hosts${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it('one with another model is given nothing, one without the bot’s styles all clips but those in them, and one that is told to stop gives its job back with no attempt lost', async () => {
    const STYLE_DIR = styleFolder({ ink: { network: 'negative' } });
    const { styles } = await listStyles(STYLE_DIR);
    const { discord, jobs, startWorker } = await startHosts(redis, styles);
    const { invoke, ownerId } = discord;
    const expectStatus = (pattern: RegExp) =>
      until(async () => {
        const status = invoke({ command: 'kinora-admin status', user: ownerId });
        const { content } = await status.waitForMessage(({ content: text }) => text !== '');
        expect(content).toMatch(pattern);
      });
    const offered = () => discord.autocomplete({ command: 'animate', focused: 'style', options: { style: '' } });

    startWorker('other', { environment: { MODEL_DIR: 'test/golden/models/tiny-b' } });
    const asked = invoke(animate(1, 2));
    await expectStatus(/⚪ \*\*other cpu\*\* takes no clips: its model or LoRAs .* are not those of the bot/);
    expect(jobs()).toMatchObject([{ state: 'queued', attempts: 0 }]);
    const plain = startWorker('plain');
    await clipOf(asked);
    await until(() => expect(jobs()).toMatchObject([{ state: 'done', attempts: 1 }]));

    const inInk = animate(2, 2);
    const styled = invoke({ ...inInk, options: { ...inInk.options, style: 'ink' } });
    // A busy bot may take in the later one first.
    await until(() => expect(jobs()).toHaveLength(2));
    await clipOf(invoke(animate(3, 2)));
    expect(jobs()[1]).toMatchObject({ state: 'queued', attempts: 0 });
    expect(jobs()[2]).toMatchObject({ attempts: 1 });
    expect(await offered()).toEqual([]);
    await expectStatus(/🟢 \*\*plain cpu\*\*: waiting · lacks styles: ink/);

    const begun = await begin(discord, plain);
    plain.killRender('SIGCONT');
    plain.kill('SIGTERM');
    expect(await plain.ended).toEqual([0, null]);
    // Or it was ready by then.
    expect(['interrupted', 'delivering', 'done']).toContain(jobs()[3]?.state);

    startWorker('draws', { environment: { STYLE_DIR }, isReal: true });
    await Promise.all([clipOf(styled), clipOf(begun)]);
    const done = { state: 'done', attempts: 1 };
    await until(() => expect(jobs()).toMatchObject([done, done, done, done]));
    expect(await offered()).toEqual([{ name: 'ink', value: 'ink' }]);
    expect(discord.messages().filter(isClip)).toHaveLength(4);
  });

  it('hosts without a database and without a token of Discord make clips: one goes on where a dead one was, and stops with what is cancelled; neither a dead Redis nor a silent network has a clip begun again', async () => {
    const { discord, jobs, way, startWorker } = await startHosts(redis);
    const lastJob = (job: object) => until(() => expect(jobs().at(-1)).toMatchObject(job));
    const clips = () => discord.messages().filter(isClip).length;
    // Both run networks.
    const dying = startWorker('dying', { isReal: true });
    await clipOf(discord.invoke(animate(1, 2)));
    await lastJob({ state: 'done', attempts: 1, fence: 1 });
    const left = await begin(discord, dying, manySteps);
    dying.killAll('SIGKILL');
    const real = startWorker('real', { isReal: true });
    await clipOf(left);
    await lastJob({ state: 'done', attempts: 2, fence: 2 });
    expect(clips()).toBe(2);
    expect(real.lines.join()).toMatch(new RegExp(`Going on after step [1-9]\\d* of ${manySteps}`));
    real.kill('SIGTERM');
    expect(await real.ended).toEqual([0, null]);

    const first = startWorker('first');
    await begin(discord, first);
    discord.invoke({ command: 'kinora-admin cancel', user: discord.ownerId, options: { job: jobs().at(-1)!.id } });
    await lastJob({ state: 'cancelled' });
    first.killRender('SIGCONT');
    await clipOf(discord.invoke(animate(2, 2)));
    await lastJob({ state: 'done', attempts: 1 });
    expect(clips()).toBe(3);

    const overRedis = await begin(discord, first);
    const second = startWorker('second');
    await second.ready;
    await redis.kill();
    await wait(1.2 * timing.engine.lock);
    first.killRender('SIGCONT');
    await clipOf(overRedis);
    await redis.start();
    await lastJob({ state: 'done', attempts: 1, fence: 1 });
    expect(clips()).toBe(4);

    // Nobody but the first takes the next, which is handed in once the bot can be reached.
    second.kill('SIGTERM');
    await second.ended;
    const overSilence = await begin(discord, first);
    way.stall();
    first.killRender('SIGCONT');
    await wait(1.2 * timing.leaseMs);
    expect(jobs().at(-1)).toMatchObject({ state: 'running' });
    way.resume();
    await clipOf(overSilence);
    await lastJob({ state: 'done', attempts: 1, fence: 1 });
    expect(clips()).toBe(5);
  });
});
