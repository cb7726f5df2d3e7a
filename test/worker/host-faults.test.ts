import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { scopeOf } from '../../src/errors.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import type { Clip, RenderSpec } from '../../src/worker/types.ts';
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from '../../src/worker/worker-pool.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const ffmpeg = await findFfmpeg({ path: process.env.PATH });

const spec: RenderSpec = {
  picture: await sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } })
    .png()
    .toBuffer(),
  settings: { width: 32, height: 32, numFrames: 2, numInferenceSteps: 1, seed: 3 },
  fit: 'crop',
};

/** A machine that may be harmed: a folder for a tiny model, one for temporary files, and a program that encodes. */
const machine = mkdtempSync(join(tmpdir(), 'kinora-machine-'));
const modelDir = join(machine, 'model');
const temporary = join(machine, 'tmp');
const ffmpegPath = join(machine, 'ffmpeg');

function installFfmpeg(): void {
  writeFileSync(ffmpegPath, `#!/bin/sh\nexec '${ffmpeg}' "$@"\n`);
  chmodSync(ffmpegPath, 0o755);
}

function rendererWith(options: Partial<WorkerPoolOptions>): WorkerPool {
  return createWorkerPool({
    modelDir,
    // What stays in memory is what a broken machine could spoil.
    execution: { provider: 'cpu', threads: 1, memoryMode: 'resident' },
    ffmpegPath,
    idleSeconds: 600,
    environment: { ...process.env, TMPDIR: temporary },
    log: quiet,
    ...options,
  });
}

/** The real renderer of that machine, for all tests: each leaves the machine whole, and starting a process is what they cost. */
const renderer = rendererWith({});
const render = () => renderer.render(spec);
/** Of another size, which is loaded anew even where networks stay in memory. */
const renderOther = () => renderer.render({ ...spec, settings: { ...spec.settings, width: 48 } });
let whole: Clip;

beforeAll(async () => {
  cpSync(inject('tinyModel'), modelDir, { recursive: true });
  mkdirSync(temporary);
  installFfmpeg();
  whole = await render();
});
afterAll(async () => {
  await renderer.close();
  rmSync(machine, { recursive: true, force: true });
});

/** It makes the clip that it made when nothing had ever been wrong. */
async function expectWhole(): Promise<void> {
  expect((await render()).bytes).toEqual(whole.bytes);
}

/** A render that fails, and must say that it is the machine's fault. */
async function hostFault(failing: () => Promise<unknown>): Promise<unknown> {
  const error: unknown = await failing().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(scopeOf(error), String(error)).toBe('host');
  return error;
}

describe('a machine that cannot make clips', () => {
  // That no memory mode keeps half of a model within one process, and what lacks one network: inference/pipeline/model-away.test.ts.
  it('whose model folder goes away between two clips keeps no half of it, says so at the start, and works when it is back', async () => {
    renameSync(modelDir, `${modelDir}-away`);
    expect(await hostFault(renderOther)).toMatchObject({ name: expect.stringMatching(/SafetensorsError|ConfigError/) });
    expect(await hostFault(render)).toMatchObject({ name: 'ConfigError', code: 'model-config-unreadable' });
    expect(renderer.pid).toBeUndefined();
    renameSync(`${modelDir}-away`, modelDir);
    await expectWhole();
    await expect(renderOther()).resolves.toMatchObject({ provider: 'cpu' });
  });

  it.each<[string, Partial<WorkerPoolOptions>, object]>([
    [
      'the provider that was asked for',
      { execution: { provider: 'cuda' } },
      { name: 'InferenceError', code: 'provider-unavailable' },
    ],
    ['its safety model', { safety: { modelDir: join(machine, 'none'), threshold: 0.5 } }, { name: 'ConfigError' }],
  ])('without %s', async (_, options, error) => {
    const other = rendererWith(options);
    onTestFinished(() => other.close());
    expect(await hostFault(() => other.render(spec))).toMatchObject(error);
  });

  it('without ffmpeg, later or at the start', async () => {
    await expectWhole();
    rmSync(ffmpegPath);
    expect(await hostFault(render)).toMatchObject({ name: 'EncodeError', code: 'encode-failed' });
    expect(await hostFault(render)).toMatchObject({ name: 'ConfigError', code: 'ffmpeg-path' });
    installFfmpeg();
    await expectWhole();
  });

  it('without a folder for temporary files', async () => {
    rmSync(temporary, { recursive: true });
    expect(await hostFault(render)).toMatchObject({ name: 'EncodeError', code: 'temp-folder' });
    mkdirSync(temporary);
    await expectWhole();
  });

  it.runIf(canMount())('with a full disk', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', temporary]);
    // A process that has just ended may still hold it.
    onTestFinished(() => void execFileSync('umount', ['--lazy', temporary]));
    await expectWhole();
    const filling = join(temporary, 'filling');
    execFileSync('sh', ['-c', `cat /dev/zero >'${filling}' 2>/dev/null || true`]);
    expect(await hostFault(render)).toMatchObject({ name: 'EncodeError', code: 'encode-failed' });
    rmSync(filling);
    await expectWhole();
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
