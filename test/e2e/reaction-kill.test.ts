import { expect, it, onTestFinished } from 'vitest';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { programFile } from '../support/program-file.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { type DeathPoint, startBotProcess } from './bot-process.ts';
import { isClip, smallPicture } from './stage.ts';

const bundled = programFile('test/e2e/fixtures/bot-process.ts');
const patience = { timeoutMs: 240_000 };

it('a reaction that was answered becomes its one clip, wherever before the job the process is killed', async () => {
  const discord = await startFakeDiscord({ messageContentIntent: true });
  onTestFinished(() => discord.close());
  const dataDir = tempFolder();
  const die = (point: DeathPoint) => ({ point, count: 1, fromStart: true });
  const start = (dieAt?: ReturnType<typeof die>) =>
    startBotProcess(bundled, { discord, dataDir, holdFromSeed: 2 ** 32, ...(dieAt && { dieAt }) });
  const pictures = ['ann', 'bob'].map((name) =>
    discord.postMessage({ attachments: [smallPicture], user: discord.createUser(name).id }),
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
