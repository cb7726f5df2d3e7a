import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openPreviewFile } from '../../src/cli/preview-file.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { quartersPicture } from '../media/pictures.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { goldenPath } from '../support/golden.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('--preview', () => {
  it('writes all frames of the clip on its way to a file, beside the clip', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'quarters.png'), await quartersPicture(64, 48).png().toBuffer());
    const environment = { PATH: process.env.PATH, PROVIDER: 'cpu', MODEL_DIR: goldenPath('models/tiny-a') };
    const words = ['animate', join(folder, 'quarters.png'), '--output', join(folder, 'clip.mp4')];
    const quick = ['--steps', '4', '--frames', '2', '--width', '32', '--height', '24', '--seed', '1'];
    const preview = join(folder, 'p.webp');
    expect(await runCli([...words, ...quick, '--preview', preview], createMemoryIo({ environment }))).toBe(0);
    const { width, pages, format } = await sharp(readFileSync(preview), { animated: true }).metadata();
    expect({ width, pages, format }).toEqual({ width: 160, pages: 2, format: 'webp' });
    expect(readdirSync(folder).sort()).toEqual(['clip.mp4', 'p.webp', 'quarters.png']);
  });

  it('must name a WebP file', async () => {
    const io = createMemoryIo();
    expect(await runCli(['animate', 'a.png', '--preview', 'p.gif'], io)).toBe(2);
    expect(io.err()).toContain('--preview must name a file that ends in .webp, not "p.gif".');
  });
});

describe('a preview’s file', () => {
  it('is replaced by each preview in turn, whole, and nothing else is left', async () => {
    const folder = tempFolder();
    const path = join(folder, 'p.webp');
    const file = await openPreviewFile(path, { write: () => true });
    file.show(new Uint8Array([1]));
    file.show(new Uint8Array([2, 2]));
    await file.close();
    expect([...readFileSync(path)]).toEqual([2, 2]);
    expect(readdirSync(folder)).toEqual(['p.webp']);
  });

  it('that cannot be written any more is told of once, and breaks nothing', async () => {
    const folder = join(tempFolder(), 'gone');
    mkdirSync(folder);
    let told = '';
    const file = await openPreviewFile(join(folder, 'p.webp'), {
      write: (text) => {
        told += text;
        return true;
      },
    });
    rmSync(folder, { recursive: true });
    file.show(new Uint8Array([1]));
    file.show(new Uint8Array([2]));
    await file.close();
    expect(told.match(/cannot be written/g)).toHaveLength(1);
  });
});
