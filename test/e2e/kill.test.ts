import { MessageFlags } from 'discord.js';
import { expect, it, onTestFinished } from 'vitest';
import type { FailNext } from '../../src/fake-discord/fail-next.ts';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { RouteName } from '../../src/fake-discord/route-names.ts';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { InteractionHandle } from '../../src/fake-discord/types.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { programFile } from '../support/program-file.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { type BotProcess, type DeathPoint, startBotProcess } from './bot-process.ts';

// Not the stage's: what a dozen processes load is what this test takes. Its traffic is held to the schemas elsewhere.
const picture = { name: 'picture.png', bytes: Buffer.from('The renderer looks at no picture.') };
const isClip = ({ attachments }: ApiMessage) => attachments.some(({ filename }) => filename.endsWith('.mp4'));
const isExplained = ({ content }: ApiMessage) => content.includes('⚠️');
/** The renderer of these processes breaks on the others. */
const becomesClip = (seed: number) => seed % 10 !== 2 && seed % 10 !== 7;
/** However busy the machine is. */
const patience = { timeoutMs: 300_000 };

const editByToken: RouteName = 'PATCH /webhooks/:application/:token/messages/:message';
const postInChannel: RouteName = 'POST /channels/:channel/messages';
const broken = { resetConnection: true } as const;

/** One death: where, at which time that a process comes there, and what goes wrong at Discord's side meanwhile. */
interface Death {
  name: string;
  point: DeathPoint;
  count?: number;
  fault?: FailNext;
  /** The message of the job that is next, of those that become clips, was deleted. */
  isMessageGone?: true;
}

const deaths: readonly Death[] = [
  { name: 'stored, not yet told', point: 'accepted', count: 5 },
  // Those that wait behind it were told.
  { name: 'rendering begins', point: 'render-begun', count: 2 },
  // As at every step before: none of them is stored.
  { name: 'rendered, clip not yet stored', point: 'rendered', count: 2 },
  { name: 'the upload did not arrive', point: 'upload-broken', fault: { route: editByToken, ...broken } },
  {
    name: 'it arrived, unknown to the bot',
    point: 'upload-broken',
    fault: { ...broken, route: editByToken, afterEffect: true },
  },
  {
    name: 'so did a direct message, since the old one was deleted',
    point: 'upload-broken',
    isMessageGone: true,
    fault: { ...broken, route: postInChannel, afterEffect: true },
  },
  { name: 'delivered', point: 'delivered', count: 3 },
  { name: 'failed, not yet stored', point: 'failed' },
  { name: 'failure stored, not yet told', point: 'failure-stored' },
  { name: 'while taking up what was left', point: 'resumed' },
];

/** Moments that may come before all have asked, and are meant to. */
const fromStart: ReadonlySet<DeathPoint> = new Set(['accepted', 'upload-broken', 'resumed']);

/**
 * New ones before each death, the third of which fails: whatever is left of those before, the process comes to where it is to
 * die, and leaves two at least for the next one.
 */
const jobsPerRound = 5;
/** Nobody can ask the process that dies while it takes up what was left, the last of them. */
const jobCount = jobsPerRound * (deaths.length - 1);
/** Jobs accepted until each death. */
const jobsBefore = (round: number) => Math.min(jobCount, jobsPerRound * (round + 1));

const bundled = programFile('test/e2e/fixtures/bot-process.ts');

it('a reaction that was answered becomes its one clip, wherever before the job the process is killed', async () => {
  const discord = await startFakeDiscord({ messageContentIntent: true });
  onTestFinished(() => discord.close());
  const dataDir = tempFolder();
  const die = (point: DeathPoint) => ({ point, count: 1, fromStart: true });
  const start = (dieAt?: ReturnType<typeof die>) =>
    startBotProcess(bundled, { discord, dataDir, holdFromSeed: 2 ** 32, ...(dieAt && { dieAt }) });
  const pictures = ['ann', 'bob'].map((name) =>
    discord.postMessage({ attachments: [picture], user: discord.createUser(name).id }),
  );

  // Its answer is there, with nothing behind it: the picture was just fetched.
  const first = await start(die('picture-fetched'));
  discord.react({ messageId: pictures[0]!.id, emoji: '🎬' });
  expect(await first.ended).toBe('SIGKILL');
  expect(discord.messages().filter(({ content }) => content.startsWith('⏳'))).toHaveLength(1);

  // It goes on with that one.
  const second = await start(die('answer-broken'));
  await discord.waitForMessage(isClip, patience);
  // The next answer is posted, but the process never hears of it.
  discord.failNext({ route: 'POST /channels/:channel/messages', resetConnection: true, afterEffect: true });
  discord.react({ messageId: pictures[1]!.id, emoji: '🎬' });
  expect(await second.ended).toBe('SIGKILL');

  const last = await start();
  const clips = await Promise.all(
    pictures.map(({ id }) =>
      discord.waitForMessage(
        (message) => isClip(message) && JSON.stringify(message.message_reference ?? {}).includes(id),
        patience,
      ),
    ),
  );
  last.kill('SIGTERM');
  expect(await last.ended).toBe(0);
  const ids = [...pictures, ...clips].map(({ id }) => id);
  expect(discord.messages().map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  expect(discord.messages()).toHaveLength(ids.length);
  const database = openDatabase(dataDir);
  const left = database.prepare("SELECT key FROM facts WHERE key LIKE 'reaction-pending%'").all([]);
  const jobs = database.prepare('SELECT id FROM jobs').all([]);
  database.close();
  expect(left).toEqual([]);
  expect(jobs).toHaveLength(2);
});

it('loses nothing and does nothing twice, wherever in a job’s life the process is killed', {
  timeout: 900_000,
}, async () => {
  let uploadFault: FailNext | undefined;
  const discord = await startFakeDiscord({
    log(exchange) {
      // A status edit took the fault that was meant for an upload: once more.
      const isHit = exchange.kind === 'rest' && exchange.status === 0 && exchange.files.length === 0;
      if (isHit && uploadFault) discord.failNext(uploadFault);
    },
  });
  onTestFinished(() => discord.close());
  /** Every message that is there, wherever and whoever sees it. */
  const seen = new Map<string, ApiMessage>();
  discord.onChange((change) => {
    if (change.kind === 'message-create' || change.kind === 'message-update') {
      seen.set(change.message.id, change.message);
    } else if (change.kind === 'message-delete') seen.delete(change.messageId);
  });
  const dataDir = tempFolder();
  /** Who asked, by seed; accepted, all of them. */
  const asked: InteractionHandle[] = [];
  const isOver = (handle: InteractionHandle) => {
    const message = handle.original();
    return message === undefined || isClip(message) || isExplained(message);
  };

  /** How a process ended; or that it lives on with nothing left to do, so that it comes to no moment any more. */
  async function endOf({ ended }: BotProcess): Promise<string | number> {
    for (let idleSeconds = 0; idleSeconds < 30; ) {
      const end = await Promise.race([ended, sleep(systemClock, 1_000)]);
      if (end !== undefined) return end;
      idleSeconds = asked.every(isOver) ? idleSeconds + 1 : 0;
    }
    return 'it has nothing left to do, and lives';
  }

  function storedSeeds(): number[] {
    const database = openDatabase(dataDir);
    const rows = database.prepare("SELECT json_extract(settings, '$.seed') AS seed FROM jobs ORDER BY 1").all([]);
    database.close();
    return (rows as { seed: number }[]).map(({ seed }) => seed);
  }

  for (const [round, { name, point, count = 1, fault, isMessageGone }] of deaths.entries()) {
    // What was left runs freely where the process is to die with new jobs waiting; else renders wait until all have asked.
    const isHeld = point !== 'accepted';
    const bot = await startBotProcess(bundled, {
      discord,
      dataDir,
      holdFromSeed: isHeld ? 0 : asked.length,
      dieAt: { point, count, fromStart: fromStart.has(point) },
    });
    while (asked.length < jobsBefore(round)) {
      const seed = asked.length;
      const user = discord.createUser(`user${seed}`).id;
      // Every other one goes to a second picture; the renderer refuses one that lost it.
      const attachments = seed % 2 === 1 ? { image: picture, end: picture } : { image: picture };
      const handle = discord.invoke({ command: 'animate', attachments, options: { seed }, user });
      const told = handle.waitForMessage(({ content }) => content !== '', patience).then(() => 'told' as const);
      told.catch(() => {});
      const late = handle.acknowledged.then(
        () => told,
        () => 'too late' as const,
      );
      const outcome = await Promise.race([told, late, bot.ended]);
      // A busy machine may miss the three seconds: then nothing was accepted, and somebody else asks.
      if (outcome === 'too late') continue;
      // Who was not told may have been accepted all the same: the store knows. Nobody else asks a dead bot.
      if (outcome === 'told' || storedSeeds().includes(seed)) asked.push(handle);
      if (outcome !== 'told') break;
    }
    if (isMessageGone) {
      const next = asked.find((handle, seed) => !isOver(handle) && becomesClip(seed));
      discord.deleteMessage({ messageId: next!.original()!.id });
    }
    uploadFault = fault;
    if (fault) discord.failNext(fault);
    if (isHeld && point !== 'resumed') bot.go();
    expect([name, await endOf(bot)]).toEqual([name, 'SIGKILL']);
    expect([name, asked.length]).toEqual([name, jobsBefore(round)]);
    uploadFault = undefined;
  }

  const last = await startBotProcess(bundled, { discord, dataDir, holdFromSeed: asked.length });
  await Promise.all(
    asked
      .filter((handle) => handle.original())
      .map((handle) => handle.waitForMessage((message) => isClip(message) || isExplained(message), patience)),
  );
  last.kill('SIGTERM');
  expect(await last.ended).toBe(0);

  expect(storedSeeds()).toEqual(Array.from(asked.keys()));
  const messages = [...seen.values()];
  const files = messages.flatMap(({ attachments }) => attachments.map(({ filename }) => filename));
  const ends = asked.map((handle, seed) => {
    const clips = files.filter((filename) => filename.includes(`seed${seed}-`)).length;
    // To the requester alone; said twice where the process died right after the first time.
    const explanations = handle.messages().some(isExplained) ? 1 : 0;
    return { seed, clips, explanations };
  });
  expect(ends.filter(({ clips, explanations }) => clips + explanations !== 1)).toEqual([]);
  // Seeds that end in 2 or 7 cannot be rendered. A job that the process died of twice is given up; that is the exception.
  const explained = ends.filter(({ explanations }) => explanations > 0).map(({ seed }) => seed);
  expect(explained.filter((seed) => seed % 5 === 2)).toHaveLength(jobCount / jobsPerRound);
  expect(explained.length).toBeLessThanOrEqual(jobCount / jobsPerRound + 2);
  // Nothing but clips stays for all to see, one of them by direct message, and nobody's says that it still waits.
  const shown = messages.filter(({ flags = 0 }) => (flags & MessageFlags.Ephemeral) === 0);
  expect(shown).toHaveLength(jobCount - explained.length);
  expect(shown.filter((message) => !isClip(message))).toEqual([]);
  expect(shown.filter(({ channel_id }) => channel_id !== discord.channelId)).toHaveLength(1);
  expect(JSON.stringify(messages.map(({ components }) => components))).not.toContain('cancel:');
  expect(discord.violations()).toEqual([]);

  const database = openDatabase(dataDir);
  const rows = database
    .prepare(
      "SELECT count(*) AS jobs, count(pending_notice) AS pendingNotice FROM jobs WHERE state IN ('done', 'failed')",
    )
    .get([]);
  database.close();
  expect(rows).toMatchObject({ jobs: jobCount, pendingNotice: 0 });
});
