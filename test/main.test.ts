import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, inject, it } from 'vitest';
import { quartersPicture } from './media/pictures.ts';
import { programFile } from './support/program-file.ts';
import { tempFolder } from './support/temp-folder.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Starts the program, and signals it when it has said so much on stderr. */
async function interrupt(start: readonly string[], words: readonly string[], { signal, at }: Interruption) {
  const folder = tempFolder();
  writeFileSync(join(folder, 'a.png'), await quartersPicture().png().toBuffer());
  const program = spawn(process.execPath, [...start, 'animate', ...words, '--output', join(folder, 'a.mp4')], {
    cwd: folder,
    env: { PATH: process.env.PATH, MODEL_DIR: inject('tinyModel'), PROVIDER: 'cpu' },
  });
  let stdout = '';
  let stderr = '';
  program.stdout.on('data', (text) => {
    stdout += text;
  });
  program.stderr.on('data', (text) => {
    const isFirst = !stderr.includes(at);
    stderr += text;
    if (isFirst && stderr.includes(at)) program.kill(signal);
  });
  const [exitCode] = await once(program, 'close');
  return { exitCode, stdout, lastLine: stderr.trimEnd().split('\n').at(-1), left: readdirSync(folder) };
}

interface Interruption {
  signal: NodeJS.Signals;
  at: string;
}

/** The exit code is the one that shells expect. */
const cleanEnd = { exitCode: 130, stdout: '', left: ['a.png'] };

it('is a program: Ctrl-C ends a render cleanly, with the exit code that shells expect', async () => {
  const words = ['a.png', '--steps', '1000'];
  const end = await interrupt([programFile('src/main.ts')], words, { signal: 'SIGINT', at: 'Denoising' });
  expect(end).toEqual({ ...cleanEnd, lastLine: 'kinora: Interrupted by SIGINT.' });
});

// As `npm run kinora` starts it. That a whole clip is made so is shown by .ci/run.
it('started from its sources it is the same: a closed terminal ends it while it waits for a picture', async () => {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const words = ['-', '--frames', '9'];
  const asked = { signal: 'SIGHUP', at: '9 frames are more than' } as const;
  const end = await interrupt(['--import', tsx, fromRoot('src/main.ts')], words, asked);
  expect(end).toEqual({ ...cleanEnd, lastLine: 'kinora: Interrupted by SIGHUP.' });
});
