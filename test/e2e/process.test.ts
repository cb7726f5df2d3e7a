import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, inject, it, onTestFinished } from 'vitest';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { discordDeviations } from '../support/discord-schemas.ts';
import { programFile } from '../support/program-file.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { clipOf, isClip, smallPicture } from './stage.ts';

const modelDir = inject('tinyModel');

/** `npm start`, as a process of its own. */
function startProcess(discord: FakeDiscord, dataDir: string): ChildProcess {
  const child = spawn(process.execPath, [programFile('src/main.ts'), 'bot'], {
    env: {
      PATH: process.env.PATH,
      DISCORD_TOKEN: discord.token,
      DISCORD_API_URL: discord.apiUrl,
      ATTACHMENT_HOSTS: discord.cdnHost,
      MODEL_DIR: modelDir,
      DATA_DIR: dataDir,
      PROVIDER: 'cpu',
      THREADS: '1',
      // The networks of one clip serve the next.
      MEMORY_MODE: 'resident',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

it('what was accepted survives SIGKILL, SIGTERM ends well, and the process that speaks with Discord has no ONNX Runtime', async () => {
  const discord = await startFakeDiscord({ validate: discordDeviations });
  onTestFinished(() => discord.close());
  const dataDir = tempFolder();
  const killed = startProcess(discord, dataDir);
  await discord.waitForCommands(['animate'], { timeoutMs: 240_000 });
  const asked = [1, 2].map((seed) =>
    discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options: { seed, steps: 2 } }),
  );
  // Told means stored.
  const told = await Promise.all(asked.map((handle) => handle.waitForMessage(({ content }) => content !== '')));
  killed.kill('SIGKILL');
  await once(killed, 'exit');

  const restarted = startProcess(discord, dataDir);
  const clips = await Promise.all(asked.map(clipOf));
  expect(clips.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
  expect(clips.map(({ content }) => /seed \d/.exec(content)?.[0])).toEqual(['seed 1', 'seed 2']);
  expect(discord.messages().filter(isClip)).toHaveLength(2);

  const maps = `/proc/${restarted.pid}/maps`;
  // What a process has loaded; Linux alone tells.
  if (existsSync(maps)) expect(readFileSync(maps, 'utf8')).not.toContain('onnxruntime');

  const exit = once(restarted, 'exit');
  restarted.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(discord.violations()).toEqual([]);
});
