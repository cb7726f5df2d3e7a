import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { writeFrames } from '../../src/media/write-frames.ts';
import { whyNotWritten } from '../../src/util/write-folder.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { panningClip } from './clips.ts';

it('writes every frame without loss, numbered from 0, into a folder that it makes', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'kinora-test-'));
  try {
    const folder = join(parent, 'a', 'b');
    const clip = panningClip(24, 16, { count: 3 });
    const files = await writeFrames(folder, clip);
    expect(await readdir(folder)).toEqual(['frame-0000.png', 'frame-0001.png', 'frame-0002.png']);
    for (const [index, file] of files.entries()) {
      const { data, info } = await sharp(await readFile(file))
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 24, height: 16, channels: 3 });
      expect(Buffer.compare(data, clip.frames[index]!)).toBe(0);
    }
  } finally {
    await rm(parent, { recursive: true });
  }
});

it('leaves no frames of an earlier, longer clip, and other files alone', async () => {
  const folder = tempFolder();
  await writeFrames(folder, panningClip(24, 16, { count: 5 }));
  writeFileSync(join(folder, 'frame-notes.png'), '');
  writeFileSync(join(folder, 'notes.txt'), '');
  await writeFrames(folder, panningClip(24, 16, { count: 2 }));
  expect((await readdir(folder)).sort()).toEqual(['frame-0000.png', 'frame-0001.png', 'frame-notes.png', 'notes.txt']);
});

it('leaves nothing half written where a frame cannot be written, and says why', async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'frame-0001.png.part'));
  const error = await writeFrames(folder, panningClip(24, 16, { count: 3 })).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'frames-not-written', scope: 'host' });
  expect(String(error)).toMatch(/^EncodeError: The frames cannot be written to .*: EISDIR/);
  expect(await readdir(folder)).toEqual(['frame-0000.png']);
});

it('says in words that a disk is full', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(whyNotWritten(full)).toBe('the disk is full');
  expect(whyNotWritten(new Error('EACCES: permission denied'))).toBe('EACCES: permission denied');
});
