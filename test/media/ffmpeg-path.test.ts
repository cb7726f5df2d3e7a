import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import installer from '@ffmpeg-installer/ffmpeg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-test-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function program(name: string, script: string): Promise<string> {
  await mkdir(join(folder, name));
  const file = join(folder, name, 'ffmpeg');
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return join(folder, name);
}

describe('findFfmpeg', () => {
  it('falls back to the packaged program', async () => {
    expect(await findFfmpeg({})).toBe(installer.path);
    expect(await findFfmpeg({ configured: '', path: join(folder, 'missing') })).toBe(installer.path);
  });

  it('makes the packaged program runnable where its install script did not', async () => {
    const packaged = join(folder, 'packaged-ffmpeg');
    await copyFile(installer.path, packaged);
    await chmod(packaged, 0o644);
    expect(await findFfmpeg({ packaged })).toBe(packaged);
  });

  it('says what to do where there is none', async () => {
    const error = await findFfmpeg({ packaged: join(folder, 'missing') }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'ffmpeg-missing', message: expect.stringContaining('FFMPEG_PATH') });
  });

  it('prefers what is configured', async () => {
    const file = join(folder, 'my-ffmpeg');
    await symlink(installer.path, file);
    expect(await findFfmpeg({ configured: file, path: folder })).toBe(file);
  });

  it('takes the first on PATH that is runnable', async () => {
    await mkdir(join(folder, 'not-runnable'));
    await copyFile(new URL(import.meta.url), join(folder, 'not-runnable', 'ffmpeg'));
    await chmod(join(folder, 'not-runnable', 'ffmpeg'), 0o644);
    await mkdir(join(folder, 'good'));
    await symlink(installer.path, join(folder, 'good', 'ffmpeg'));
    const path = ['', 'missing', 'not-runnable', 'good']
      .map((name) => (name ? join(folder, name) : ''))
      .join(delimiter);
    expect(await findFfmpeg({ path })).toBe(join(folder, 'good', 'ffmpeg'));
  });

  it('passes over a program on PATH that cannot encode H.264', async () => {
    const path = await program('no-x264', `echo "Unknown encoder 'libx264'" >&2; exit 1`);
    expect(await findFfmpeg({ path })).toBe(installer.path);
  });

  it('does not replace a configured program that does not work', async () => {
    const missing = join(folder, 'nowhere', 'ffmpeg');
    const error = await findFfmpeg({ configured: missing }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'ffmpeg-path', message: expect.stringContaining('FFMPEG_PATH') });
    expect(error).toMatchObject({ message: expect.stringContaining(missing) });
    const broken = join(await program('broken', 'echo "no libx264 here" >&2; exit 1'), 'ffmpeg');
    await expect(findFfmpeg({ configured: broken })).rejects.toThrow('no libx264 here');
  });
});
