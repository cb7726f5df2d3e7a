import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type DoctorTools, run as runDoctor } from '../../src/cli/doctor.ts';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import { flatPicture } from '../media/pictures.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { goldenPath } from '../support/golden.ts';
import { keepRenderers } from '../support/kept-renderers.ts';
import { singleFileManifest, singleFileShapes, writeHead } from '../support/single-file.ts';
import { tempFolder } from '../support/temp-folder.ts';

const { runCli } = keepRenderers();

/** A home whose Hugging Face cache holds tiny-a as `owner/tiny`, its UNet in the variant bf16 (its bytes are fp16's). */
function home(): string {
  const folder = tempFolder();
  const repository = join(folder, '.cache', 'huggingface', 'hub', 'models--owner--tiny');
  const snapshot = join(repository, 'snapshots', '0123abc');
  mkdirSync(join(repository, 'refs'), { recursive: true });
  writeFileSync(join(repository, 'refs', 'main'), '0123abc');
  cpSync(goldenPath('models/tiny-a'), snapshot, { recursive: true });
  const unet = join(snapshot, 'unet', 'diffusion_pytorch_model');
  renameSync(`${unet}.fp16.safetensors`, `${unet}.bf16.safetensors`);
  return folder;
}

/** Every provider answers at once. */
const tools: DoctorTools = {
  probeModelDir: goldenPath('models/tiny-a'),
  probe: async () => ({ output: Float32Array.of(1, -1), loadSeconds: 0.2, callSeconds: 0.1 }),
};

/** A tiny checkpoint in the layout of svd_xt.safetensors. All its weights are zero, which take no room on the disk. */
function singleFile() {
  const folder = tempFolder();
  const file = join(folder, 'svd_xt.safetensors');
  writeHead(file, singleFileShapes(singleFileManifest.cases.sgm));
  return { file, folder, environment: environmentOf(folder) };
}

const environmentOf = (HOME: string) => ({
  PATH: process.env.PATH,
  HOME,
  PROVIDER: 'cpu',
  DATA_DIR: join(HOME, 'data'),
});

describe('the name of a repository in Hugging Face’s cache is a model', () => {
  it.each([
    ['model info owner/tiny', []],
    ['model check owner/tiny', []],
    ['model info', ['MODEL_DIR']],
    ['model check', ['MODEL_DIR']],
  ])('kinora %s', async (words, variables) => {
    const environment = {
      ...environmentOf(home()),
      ...Object.fromEntries(variables.map((name) => [name, 'owner/tiny'])),
    };
    const io = createMemoryIo({ environment });
    expect(await runCli(words.split(' '), io)).toBe(0);
    expect(io.out()).toContain('models--owner--tiny/snapshots/0123abc');
    // What was taken instead of what is usual is said.
    expect(io.out()).toMatch(/in the variant bf16 alone: taking diffusion_pytorch_model\.bf16\.safetensors/);
  });

  it('kinora animate --model', async () => {
    const HOME = home();
    writeFileSync(join(HOME, 'grey.png'), await flatPicture(64, 48, 'grey').png().toBuffer());
    const io = createMemoryIo({ environment: environmentOf(HOME) });
    const words = ['animate', join(HOME, 'grey.png'), '--model', 'owner/tiny', '--output', join(HOME, 'clip.mp4')];
    const quick = ['--steps', '1', '--frames', '1', '--width', '32', '--height', '32', '--json'];
    expect(await runCli([...words, ...quick], io)).toBe(0);
    expect(io.err()).toContain('in the variant bf16 alone');
    expect(JSON.parse(io.out())).toMatchObject({ provider: 'cpu' });
  });

  it('kinora doctor', async () => {
    const io = createMemoryIo({ environment: { ...environmentOf(home()), MODEL_DIR: 'owner/tiny' } });
    await runDoctor(['--json'], io, tools);
    const { findings } = JSON.parse(io.out()) as { findings: { check: string; verdict: string; text: string }[] };
    expect(findings.find(({ check }) => check === 'model')).toMatchObject({
      verdict: 'note',
      text: expect.stringMatching(/snapshots\/0123abc\. .*bf16 alone/),
    });
    expect(findings.find(({ check }) => check === 'memory')?.verdict).not.toBe('fails');
  });

  it('kinora bot', async () => {
    const discord = await startFakeDiscord();
    const [stdout, stderr, abort] = [new PassThrough(), new PassThrough(), new AbortController()];
    const environment = {
      ...environmentOf(home()),
      MODEL_DIR: 'owner/tiny',
      DISCORD_TOKEN: discord.token,
      DISCORD_API_URL: discord.apiUrl,
    };
    const code = runCli(['bot'], { stdout, stderr, signal: abort.signal, environment });
    await discord.waitForCommands(['animate']);
    abort.abort();
    expect(await code).toBe(0);
    expect(String(stdout.read())).toContain('in the variant bf16 alone');
    await discord.close();
  });
});

describe('a single file is a model', () => {
  const shown = /^svd_xt \(.*svd_xt\.safetensors\)$/m;

  it.each([
    ['model info', shown],
    ['model check', /unet +ok +422 tensors/],
  ])('kinora %s FILE', async (words, expected) => {
    const { file, environment } = singleFile();
    const io = createMemoryIo({ environment });
    expect(await runCli([...words.split(' '), file], io)).toBe(0);
    expect(io.out()).toMatch(expected);
  });

  it('kinora animate and doctor, by MODEL_DIR', async () => {
    const { file, folder, environment } = singleFile();
    writeFileSync(join(folder, 'grey.png'), await flatPicture(64, 48, 'grey').png().toBuffer());
    const io = createMemoryIo({ environment: { ...environment, MODEL_DIR: file } });
    const words = ['animate', join(folder, 'grey.png'), '--output', join(folder, 'clip.mp4'), '--json'];
    const quick = ['--steps', '1', '--frames', '1', '--width', '32', '--height', '32'];
    expect(await runCli([...words, ...quick], io)).toBe(0);
    expect(JSON.parse(io.out())).toMatchObject({ model: 'svd_xt' });

    const doctorIo = createMemoryIo({ environment: { ...environment, MODEL_DIR: file } });
    await runDoctor(['--json'], doctorIo, tools);
    const { findings } = JSON.parse(doctorIo.out()) as { findings: { check: string; verdict: string; text: string }[] };
    expect(findings.find(({ check }) => check === 'model')).toMatchObject({
      verdict: 'ok',
      text: expect.stringContaining(`svd_xt, 3.98 M`),
    });
  });
});

describe('a name that is no model', () => {
  it.each(['model info', 'model check', 'animate --model', 'doctor'])(
    'kinora %s says how to get one',
    async (words) => {
      const HOME = tempFolder();
      writeFileSync(join(HOME, 'grey.png'), await flatPicture(64, 48, 'grey').png().toBuffer());
      const picture = words.startsWith('animate') ? [join(HOME, 'grey.png')] : [];
      const isDoctor = words === 'doctor';
      const environment = { ...environmentOf(HOME), ...(isDoctor && { MODEL_DIR: 'owner/other' }) };
      const io = createMemoryIo({ environment });
      const argv = [...words.split(' '), ...(isDoctor ? ['--json'] : ['owner/other']), ...picture];
      expect(await (isDoctor ? runDoctor(['--json'], io, tools) : runCli(argv, io))).toBe(1);
      expect(io.out() + io.err()).toContain('kinora model pull --repo owner/other');
    },
    120_000,
  );
});
