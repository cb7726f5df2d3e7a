import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';
import { quartersPicture } from './media/pictures.ts';
import { programFile } from './support/program-file.ts';
import { tempFolder } from './support/temp-folder.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

it.each([
  // From its sources, as `npm run kinora` starts it.
  ['Ctrl-C', 'SIGINT', ['--import', 'tsx', fromRoot('src/main.ts')]],
  ['a closed terminal', 'SIGHUP', [programFile('src/main.ts')]],
] as const)('is a program: %s ends a render cleanly, with the exit code that shells expect', async (_, signal, run) => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'a.png'), await quartersPicture().png().toBuffer());
  const words = ['animate', join(folder, 'a.png'), '--output', join(folder, 'a.mp4'), '--steps', '1000'];
  const program = spawn(process.execPath, [...run, ...words], {
    cwd: fromRoot('.'),
    env: { PATH: process.env.PATH, MODEL_DIR: inject('tinyModel'), PROVIDER: 'cpu' },
  });
  let stdout = '';
  let stderr = '';
  program.stdout.on('data', (text) => {
    stdout += text;
  });
  program.stderr.on('data', (text) => {
    if (!stderr.includes('Denoising') && String(text).includes('Denoising')) program.kill(signal);
    stderr += text;
  });
  const [exitCode] = await once(program, 'close');
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(`kinora: Interrupted by ${signal}.`);
  expect(exitCode).toBe(130);
  expect(stdout).toBe('');
  expect(readdirSync(folder)).toEqual(['a.png']);
});
