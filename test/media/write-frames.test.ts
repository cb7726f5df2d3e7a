import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { writeFrames } from '../../src/media/write-frames.ts';
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
