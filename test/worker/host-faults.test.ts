import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { scopeOf } from '../../src/errors.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import type { RenderSpec } from '../../src/worker/types.ts';
import { createWorkerPool, type WorkerPoolOptions } from '../../src/worker/worker-pool.ts';
import { tempFolder } from '../support/temp-folder.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const ffmpeg = await findFfmpeg({ path: process.env.PATH });

const spec: RenderSpec = {
  picture: await sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } })
    .png()
    .toBuffer(),
  settings: { width: 32, height: 32, numFrames: 2, numInferenceSteps: 1, seed: 3 },
  fit: 'crop',
};

/** A tiny model that may be harmed, and the real renderer over it. */
function setUp(options: Partial<WorkerPoolOptions> = {}) {
  const modelDir = join(tempFolder(), 'model');
  cpSync(inject('tinyModel'), modelDir, { recursive: true });
  const renderer = createWorkerPool({
    modelDir,
    execution: { provider: 'cpu', threads: 1 },
    ffmpegPath: ffmpeg,
    idleSeconds: 600,
    environment: process.env,
    log: quiet,
    ...options,
  });
  onTestFinished(() => renderer.close());
  return { modelDir, renderer, render: () => renderer.render(spec) };
}

/** A render that fails, and must say that it is the machine's fault. */
async function hostFault(render: () => Promise<unknown>): Promise<unknown> {
  const error: unknown = await render().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(scopeOf(error), String(error)).toBe('host');
  return error;
}

describe('a machine that cannot make clips', () => {
  it('without its model folder: says so at the start, and works when the folder is back', async () => {
    const { modelDir, renderer, render } = setUp();
    renameSync(modelDir, `${modelDir}-away`);
    expect(await hostFault(render)).toMatchObject({ name: 'ConfigError', code: 'model-config-unreadable' });
    expect(renderer.pid).toBeUndefined();
    renameSync(`${modelDir}-away`, modelDir);
    await expect(render()).resolves.toMatchObject({ provider: 'cpu' });
  });

  it.each(['model-offload', 'resident', 'sequential-offload'] as const)(
    'whose model folder goes away between two clips, memory mode %s: keeps no half of it',
    async (memoryMode) => {
      const { modelDir, renderer, render } = setUp({ execution: { provider: 'cpu', threads: 1, memoryMode } });
      const whole = await render();
      renameSync(modelDir, `${modelDir}-away`);
      // Another size is loaded anew even where networks stay in memory.
      const other = () => renderer.render({ ...spec, settings: { ...spec.settings, width: 48 } });
      expect(await hostFault(other)).toMatchObject({ name: expect.stringMatching(/SafetensorsError|ConfigError/) });
      await hostFault(other);
      renameSync(`${modelDir}-away`, modelDir);
      expect((await render()).bytes).toEqual(whole.bytes);
      await other();
    },
  );

  it.each(['unet', 'vae', 'image_encoder'])('without the weights of %s', async (network) => {
    const { modelDir, render } = setUp();
    rmSync(join(modelDir, network), { recursive: true });
    mkdirSync(join(modelDir, network));
    copyFileSync(join(inject('tinyModel'), network, 'config.json'), join(modelDir, network, 'config.json'));
    expect(await hostFault(render)).toMatchObject({ name: 'SafetensorsError', code: 'safetensors-weights-not-found' });
  });

  it('without the provider that was asked for', async () => {
    const { render } = setUp({ execution: { provider: 'cuda' } });
    expect(await hostFault(render)).toMatchObject({ name: 'InferenceError', code: 'provider-unavailable' });
  });

  it('without its safety model', async () => {
    const { render } = setUp({ safety: { modelDir: join(tempFolder(), 'none'), threshold: 0.5 } });
    expect(await hostFault(render)).toMatchObject({ name: 'ConfigError' });
  });

  it('without ffmpeg, at the start or later', async () => {
    const ffmpegPath = join(tempFolder(), 'ffmpeg');
    const { render } = setUp({ ffmpegPath });
    expect(await hostFault(render)).toMatchObject({ name: 'ConfigError', code: 'ffmpeg-path' });
    writeFileSync(ffmpegPath, `#!/bin/sh\nexec '${ffmpeg}' "$@"\n`);
    chmodSync(ffmpegPath, 0o755);
    await render();
    rmSync(ffmpegPath);
    expect(await hostFault(render)).toMatchObject({ name: 'EncodeError', code: 'encode-failed' });
    await hostFault(render);
  });

  it('without a folder for temporary files', async () => {
    const folder = join(tempFolder(), 'tmp');
    mkdirSync(folder);
    const { render } = setUp({ environment: { ...process.env, TMPDIR: folder } });
    await render();
    rmSync(folder, { recursive: true });
    expect(await hostFault(render)).toMatchObject({ name: 'EncodeError', code: 'temp-folder' });
    mkdirSync(folder);
    await render();
  });

  it.runIf(canMount())('with a full disk', async () => {
    const folder = join(tempFolder(), 'tmp');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'none', folder]);
    onTestFinished(() => void execFileSync('umount', [folder]));
    const { render } = setUp({ environment: { ...process.env, TMPDIR: folder } });
    await render();
    const filling = join(folder, 'filling');
    execFileSync('sh', ['-c', `cat /dev/zero >'${filling}' 2>/dev/null || true`]);
    expect(await hostFault(render)).toMatchObject({ name: 'EncodeError', code: 'encode-failed' });
    rmSync(filling);
    await render();
  });
});

/** Whether this test may make a small file system of its own. */
function canMount(): boolean {
  const folder = '/tmp/kinora-mount-test';
  try {
    mkdirSync(folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return existsSync(folder);
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
