import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, inject, it, onTestFinished } from 'vitest';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { FakeDiscord, InteractionHandle } from '../../src/fake-discord/types.ts';
import { discordDeviations } from '../support/discord-schemas.ts';
import { leaksIn } from '../support/find-leaks.ts';
import { programFile } from '../support/program-file.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { clipOf, failureOf, isClip, smallPicture } from './stage.ts';

const modelDir = inject('tinyModel');
const route = 'PATCH /webhooks/:application/:token/messages/:message' as const;

/** `npm start` with everything that can be logged, and what it has printed so far. */
function startProcess(discord: FakeDiscord) {
  const child = spawn(process.execPath, [programFile('src/main.ts'), 'bot'], {
    env: {
      PATH: process.env.PATH,
      DISCORD_TOKEN: discord.token,
      DISCORD_API_URL: discord.apiUrl,
      ATTACHMENT_HOSTS: discord.cdnHost,
      MODEL_DIR: modelDir,
      DATA_DIR: tempFolder(),
      PROVIDER: 'cpu',
      THREADS: '1',
      // The networks of one clip serve the next.
      MEMORY_MODE: 'resident',
      LOG_LEVEL: 'debug',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const children = () =>
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ').filter(Boolean);
  return {
    child,
    printed: () => printed,
    says: (text: string | RegExp) => expect.poll(() => printed, { timeout: 60_000, interval: 20 }).toMatch(text),
    /** As the system does that runs out of memory. */
    async killRenderer() {
      const renderers = () =>
        children().filter((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('/child.js'));
      await expect.poll(renderers, { timeout: 60_000, interval: 20 }).toHaveLength(1);
      process.kill(Number(renderers()[0]), 'SIGKILL');
    },
  };
}

it('nothing that a bot prints holds a token, a signed link or a picture, whatever goes wrong', async () => {
  const discord = await startFakeDiscord({ validate: discordDeviations });
  onTestFinished(() => discord.close());
  const { child, printed, says, killRenderer } = startProcess(discord);
  await discord.waitForCommands(['animate'], { timeoutMs: 240_000 });
  const handles: InteractionHandle[] = [];
  const animate = (image = smallPicture) => {
    // Two steps: what is rendered is of no interest, and 25 take as long as all the rest.
    const handle = discord.invoke({ command: 'animate', attachments: { image }, options: { steps: 2 } });
    handles.push(handle);
    return handle;
  };

  // A render process that dies.
  const first = animate();
  await killRenderer();
  await says(/render-process-(start|died)/);
  await clipOf(first);

  // A request without a network; then Discord is there again.
  const cut = animate();
  cut.acknowledged.catch(() => {});
  discord.setOutage('unreachable');
  await says('the connection to the gateway was closed');
  const back = discord.waitForChange((change) => change.kind === 'gateway' && change.state !== 'closed');
  discord.setOutage('none');
  await back;

  // A download that fails, of a link with a signature.
  const url = `http://${discord.cdnHost}/attachments/1/2/gone.png?ex=68f0aaaa&is=68e1aaaa&hm=${'0123abcd'.repeat(8)}&`;
  const { id: targetMessageId } = discord.postMessage({
    embeds: [{ type: 'image', url, image: { url, proxy_url: url } }],
  });
  const gone = discord.invokeMessageCommand({ command: 'Animate', targetMessageId });
  handles.push(gone);
  await failureOf(gone);
  await says('picture-unreachable');

  // A damaged picture, deliveries that fail, and one that is too large.
  await failureOf(animate({ name: 'cut.png', bytes: smallPicture.bytes.subarray(0, -20) }));
  discord.failNext({ route, status: 503, times: 5, uploadsOnly: true });
  await clipOf(animate());
  discord.failNext({
    route,
    status: 413,
    uploadsOnly: true,
    body: { message: 'Request entity too large', code: 40_005 },
  });
  discord.failNext({ route, resetConnection: true, afterEffect: true, uploadsOnly: true });
  discord.failNext({ route, status: 429, retryAfterSeconds: 0.05 });
  await clipOf(animate());

  // A clip that can be posted nowhere.
  const expired = animate();
  await expired.waitForMessage(({ content }) => content !== '');
  discord.expireToken(expired.id);
  discord.setPermissions(discord.channelId, 0n);
  const closed = { message: 'Cannot send messages to this user', code: 50_007 };
  discord.failNext({ route: 'POST /users/@me/channels', status: 403, times: 2, body: closed });
  await says(/could not be posted anywhere|could not be said/);

  // Packets that cannot be handled, with a token inside.
  const token = `aW50ZXJhY3Rpb246${'x'.repeat(40)}`;
  discord.sendEvent('INTERACTION_CREATE', { id: '1', type: 2, token });
  await says('INTERACTION_CREATE');

  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
  const clips = discord.messages().filter(isClip);
  expect(clips.length).toBeGreaterThanOrEqual(3);
  const text = printed();
  expect(text.split('\n').length).toBeGreaterThan(30);
  for (const line of text.trim().split('\n')) expect(() => JSON.parse(line), line).not.toThrow();
  expect(leaksIn(text, [discord.token, token, ...handles.map((handle) => handle.token)])).toEqual([]);
  // The reader of this test sees each of them.
  const { attachments } = clips[0]!;
  const samples = [
    discord.token,
    handles[0]!.token,
    attachments[0]!.url,
    Buffer.from(smallPicture.bytes).toString('base64'),
  ];
  for (const sample of samples) expect(leaksIn(`{"told":"${sample}"}`, [discord.token])).toHaveLength(1);
  // One line for each event, with whose it is and what it took.
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const rendered = events.filter(({ msg }) => msg === 'clip rendered');
  expect(rendered.length).toBeGreaterThanOrEqual(3);
  for (const event of rendered) {
    expect(event).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: 'info',
      job: expect.stringMatching(/^[0-9a-f]{8}$/),
      attempt: expect.any(Number),
      worker: expect.any(String),
      ms: expect.any(Number),
    });
  }
  expect(events.filter(({ msg }) => msg === 'job ended')).toContainEqual(
    expect.objectContaining({ state: 'done', ms: expect.any(Number) }),
  );
});
