import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { type FakeHub, startFakeHub } from '../support/fake-hub.ts';
import { repositoryOfFolder } from '../support/fake-model-repository.ts';
import { goldenPath } from '../support/golden.ts';

let hub: FakeHub;
let root: string;

beforeEach(async () => {
  hub = await startFakeHub();
  hub.repositories.set('maker/svd-fake', repositoryOfFolder(goldenPath('models/tiny-a')));
  root = await mkdtemp(join(tmpdir(), 'kinora-model-pull-'));
});
afterEach(async () => {
  await hub.close();
  await rm(root, { recursive: true, force: true });
});

/** Runs `kinora model …`; with `answer`, on a terminal where a person types it. */
async function kinoraModel(argv: string[], { answer, token }: { answer?: string; token?: string } = {}) {
  const isTTY = answer !== undefined;
  const streams = { stdout: new PassThrough(), stderr: Object.assign(new PassThrough(), { isTTY }) };
  const stdin = Object.assign(new PassThrough(), { isTTY });
  if (answer !== undefined) stdin.write(`${answer}\n`);
  const exitCode = await runCli(['model', ...argv], {
    ...streams,
    stdin,
    signal: new AbortController().signal,
    environment: { HF_ENDPOINT: `${hub.endpoint}/`, ...(token === undefined ? {} : { HF_TOKEN: token }) },
  });
  return { exitCode, stdout: String(streams.stdout.read() ?? ''), stderr: String(streams.stderr.read() ?? '') };
}

function pullArguments(...more: string[]): string[] {
  return ['pull', '--repo', 'maker/svd-fake', '--dir', join(root, 'model'), ...more];
}

describe('kinora model pull', () => {
  it('fetches, tells the licence and the progress in plain lines, and says how to use the model', async () => {
    const { exitCode, stdout, stderr } = await kinoraModel(pullArguments('--accept-license'));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^13 files fetched \([\d.]+ MB\), 0 were there already; [\d.]+ MB in all\.\n/);
    expect(stdout).toMatch(/unet +ok +\d+ tensors/);
    expect(stdout).toContain(`MODEL_DIR=${join(root, 'model')}`);
    expect(stderr).toContain(`"fake-community": ${hub.endpoint}/maker/svd-fake/blob/`);
    expect(stderr).toMatch(/^\d+ % .* of [\d.]+ MB.* unet\/diffusion_pytorch_model\.fp16\.safetensors$/m);
    expect(stderr).not.toContain('\r');
  });

  it('checks what it fetched against its configs', async () => {
    const { files } = hub.repositories.get('maker/svd-fake') ?? { files: new Map<string, Buffer>() };
    const config = JSON.parse(String(files.get('unet/config.json')));
    files.set(
      'unet/config.json',
      Buffer.from(JSON.stringify({ ...config, layers_per_block: config.layers_per_block + 1 })),
    );
    const { exitCode, stdout } = await kinoraModel(pullArguments('--accept-license'));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/unet +WRONG/);
    expect(stdout).not.toContain('MODEL_DIR');
  });

  it('stops with 1 where the licence was not accepted and nobody can be asked', async () => {
    const { exitCode, stderr } = await kinoraModel(pullArguments());
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/fake-community.*--accept-license.*nothing was fetched/s);
    expect(await readdir(root)).toEqual([]);
  });

  it('asks on a terminal, draws a bar, and asks no second time', async () => {
    expect((await kinoraModel(pullArguments(), { answer: 'n' })).exitCode).toBe(1);
    const { exitCode, stderr } = await kinoraModel(pullArguments(), { answer: 'y' });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('do you accept it? [y/N]');
    expect(stderr).toContain('█');
    const again = await kinoraModel(pullArguments(), { answer: 'n' });
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('0 files fetched') });
    expect(again.stderr).not.toContain('accept');
  });

  it('sends HF_TOKEN', async () => {
    Object.assign(hub.repositories.get('maker/svd-fake') ?? {}, { gated: true, token: 'hf_right' });
    const refused = await kinoraModel(pullArguments('--accept-license'));
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is gated') });
    expect((await kinoraModel(pullArguments('--accept-license'), { token: 'hf_right' })).exitCode).toBe(0);
  });

  it.each([
    [['pull', '--repo', 'one-word'], '--repo'],
    [['pull', '--repo', '../../etc'], '--repo'],
    [['pull', '--variant', 'int8'], '--variant'],
    [['pull', '--revision', 'a b'], '--revision'],
    [['pull', '--unet', 'a/b:weights.bin'], '--unet'],
    [['pull', '--what'], '--what'],
    [['push'], 'push'],
  ])('refuses %j with 2', async (argv, named) => {
    const { exitCode, stderr } = await kinoraModel(argv);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(named) });
    expect(hub.requests).toEqual([]);
  });

  it('explains itself', async () => {
    expect((await kinoraModel(['--help'])).stdout).toContain('pull');
    expect((await kinoraModel(['pull', '--help'])).stdout).toContain('--accept-license');
  });
});
