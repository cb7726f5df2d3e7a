import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, inject, it, onTestFinished } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { tempFolder } from '../support/temp-folder.ts';

const MODEL_DIR = inject('tinyModel');

function inEmptyFolder(): string {
  const [before, folder] = [process.cwd(), tempFolder()];
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  return folder;
}

it('kinora demo brings a sample picture through the bot into out/demo.mp4', { timeout: 60_000 }, async () => {
  const folder = inEmptyFolder();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const environment = { MODEL_DIR, PROVIDER: 'cpu', THREADS: '1', PATH: process.env.PATH };
  const code = await runCli(['demo'], { stdout, stderr, signal: new AbortController().signal, environment });
  expect(String(stderr.read() ?? '')).toBe('');
  expect(code).toBe(0);
  const told = String(stdout.read());
  expect(told).toContain('Denoising');
  expect(told).toMatch(/bot \| 🎬 Your clip: \d\.\d s · seed 7/);
  expect(told).toMatch(/out\/demo\.mp4 is ready, /);
  const { stream } = await ffprobe(readFileSync(join(folder, 'out', 'demo.mp4')));
  expect(stream.codec_name).toBe('h264');
});

it('leaves nothing behind when it is interrupted', { timeout: 60_000 }, async () => {
  const folder = inEmptyFolder();
  const stdout = new PassThrough();
  const abort = new AbortController();
  stdout.on('data', (text) => {
    if (String(text).includes('bot |')) abort.abort(new Error('interrupted'));
  });
  const io = {
    stdout,
    stderr: new PassThrough(),
    signal: abort.signal,
    environment: { MODEL_DIR, PATH: process.env.PATH },
  };
  expect(await runCli(['demo'], io)).toBe(1);
  expect(existsSync(join(folder, 'out', 'demo.mp4'))).toBe(false);
});
