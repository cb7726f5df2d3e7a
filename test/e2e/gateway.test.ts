import { expect, it } from 'vitest';
import type { Clock } from '../../src/util/clock.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, hastyClock, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture }, options: { seed: 7 } };

/** A clock on which back-off passes quickly, and which notes the waits that were asked for. */
function notingClock(): { clock: Clock; waits: number[] } {
  const waits: number[] = [];
  const clock: Clock = {
    ...hastyClock,
    after(delayMs, callback) {
      waits.push(delayMs);
      return hastyClock.after(delayMs, callback);
    },
  };
  return { clock, waits };
}

it('an event that discord.js cannot parse is logged with its type, and the bot goes on', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log } = await setStage({ renderer });
  const message = { id: '1', channel_id: discord.channelId, guild_id: discord.guildId, thread: null };
  const events: Parameters<typeof discord.sendEvent>[] = [
    ['CHANNEL_CREATE', null],
    ['MESSAGE_CREATE', message],
    ['INTERACTION_CREATE', { id: '1', type: 2 }],
    ['GUILD_CREATE', null],
    ['GUILD_UPDATE', { id: discord.guildId, roles: [null] }],
    ['__proto__', {}],
    ['error', { message: 'no error of an emitter' }],
    ['SOMETHING_NEW_CREATE', null],
  ];
  for (const [event, data] of events) discord.sendEvent(event, data);
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  const types = log.events.filter(({ level }) => level === 'error').map(({ fields }) => fields.type);
  expect(types).toEqual(expect.arrayContaining(['CHANNEL_CREATE', 'INTERACTION_CREATE', 'GUILD_CREATE', 'error']));
});

it('a READY whose application has install_params: null starts the bot', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log } = await setStage({
    renderer,
    beforeStart: (stand) => stand.setReadyApplication({ install_params: null, description: null }),
  });
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  expect(log.events.find(({ fields }) => fields.type === 'READY')).toMatchObject({ level: 'warn' });
});

it('a READY without data begins a new session, and the bot goes on', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log } = await setStage({ renderer });
  const again = discord.waitForChange((change) => change.kind === 'gateway' && change.state === 'ready');
  discord.sendEvent('READY', null);
  await again;
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  expect(log.events.map(({ message }) => message)).toContain('a new session with the gateway');
});

it('a gateway that cuts every connection is tried at growing intervals, each of them logged with its code', async () => {
  const renderer = createScriptedRenderer();
  const { clock, waits } = notingClock();
  const { discord, log, bot } = await setStage({ renderer, clock });
  expect(bot.health()).toMatchObject([{ shard: 0, isConnected: true, failures: 0 }]);
  const before = log.events.length;
  discord.silenceGateway(true);
  discord.dropGateway();
  const closures = () =>
    log.events.slice(before).filter(({ message }) => message.startsWith('the connection to the gateway was closed'));
  await expect.poll(() => closures().length, { timeout: 20_000 }).toBe(4);
  expect(bot.health()).toMatchObject([{ isConnected: false, failures: 4 }]);
  const resumed = discord.waitForChange((change) => change.kind === 'gateway' && change.state === 'resumed');
  discord.silenceGateway(false);
  await resumed;
  const delays = closures().map(({ fields }) => fields.delayMs as number);
  expect(closures().map(({ fields }) => fields.code)).toEqual([4000, 1006, 1006, 1006]);
  expect(delays[0]).toBe(0);
  for (const [index, leastMs] of [800, 1_600, 3_200].entries()) {
    expect(delays[index + 1]).toBeGreaterThanOrEqual(leastMs);
    expect(waits).toContain(delays[index + 1]);
  }
  await expect.poll(() => bot.health()).toMatchObject([{ isConnected: true }]);
  expect(log.events.map(({ message }) => message)).toContain('the session with the gateway was resumed');
});

it('a stop is obeyed while the gateway cuts every connection of a bot that starts', async () => {
  const renderer = createScriptedRenderer();
  const stopping = new AbortController();
  const { discord, log, stopBot, startBot } = await setStage({ renderer, signal: stopping.signal });
  await stopBot();
  discord.silenceGateway(true);
  const before = log.events.length;
  const started = startBot();
  started.catch(() => {});
  const closed = () => log.events.slice(before).some(({ fields }) => fields.code === 1006);
  await expect.poll(closed).toBe(true);
  stopping.abort();
  await expect(started).rejects.toMatchObject({ code: 'job-cancelled' });
});

it('a bot in more than 2,500 servers starts, with as many shards as Discord recommends', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log, bot } = await setStage({
    renderer,
    beforeStart(stand) {
      stand.setGuildCount(2_600);
      stand.setIdentifyLimit({ maxConcurrency: 16, remaining: 100 });
    },
  });
  expect(bot.health()).toMatchObject([0, 1, 2].map((shard) => ({ shard, isConnected: true })));
  const handles = [discord.invoke(animate), discord.invoke({ ...animate, place: 'dm' })];
  for (const index of handles.keys()) (await renderer.begun(index)).finish();
  for (const handle of handles) await clipOf(handle);
  expect(log.events.filter(({ level }) => level === 'error')).toEqual([]);
});

it('new sessions keep to the max_concurrency of the gateway', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({
    renderer,
    beforeStart(stand) {
      stand.setGuildCount(1_500);
      // Two shards in one bucket: the second has to wait for 5 s. Too early would be a violation.
      stand.setIdentifyLimit({ maxConcurrency: 1, remaining: 100 });
    },
  });
  const identifies = discord.exchanges().filter((exchange) => exchange.kind === 'gateway' && exchange.payload.op === 2);
  expect(identifies).toHaveLength(2);
});

it('a bot without sessions left waits until Discord gives new ones, and says so', async () => {
  const renderer = createScriptedRenderer();
  const clock: Clock = {
    ...hastyClock,
    after(delayMs, callback) {
      stand?.setIdentifyLimit({ maxConcurrency: 1, remaining: 1 });
      return hastyClock.after(delayMs, callback);
    },
  };
  let stand: Awaited<ReturnType<typeof setStage>>['discord'] | undefined;
  const { log } = await setStage({
    renderer,
    clock,
    beforeStart(fake) {
      stand = fake;
      fake.setIdentifyLimit({ maxConcurrency: 1, remaining: 0 });
    },
  });
  expect(log.events).toContainEqual(
    expect.objectContaining({
      fields: expect.objectContaining({ err: expect.objectContaining({ code: 'no-sessions-left' }) }),
    }),
  );
});

it('a rate limit that is reached is logged without the token of its route', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log } = await setStage({ renderer, discord: { rateLimit: { limit: 1, windowSeconds: 0.5 } } });
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  const limited = log.events.filter(({ message }) => message.startsWith('a rate limit'));
  expect(limited).toContainEqual(
    expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ waitMs: expect.any(Number) }) }),
  );
  expect(JSON.stringify(limited)).not.toContain(handle.token);
});

it('many refused requests are logged before Discord bans for them', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log } = await setStage({ renderer });
  // The count is of the whole process: a multiple of a hundred comes within a hundred of them.
  const route = 'POST /interactions/:interaction/:token/callback' as const;
  discord.failNext({ route, status: 403, body: { code: 50_013, message: 'Missing Permissions' }, times: 200 });
  for (let press = 0; press < 100; press++) discord.invoke({ command: 'queue' }).acknowledged.catch(() => {});
  const warnings = () => log.events.filter(({ message }) => message.startsWith('Discord refuses many requests'));
  await expect.poll(() => warnings().length, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(warnings()[0]).toMatchObject({ level: 'warn', fields: { count: expect.any(Number) } });
});
