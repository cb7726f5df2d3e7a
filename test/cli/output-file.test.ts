import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openOutputFile, openOutputFolder } from '../../src/cli/output-file.ts';
import { tempFolder } from '../support/temp-folder.ts';

const bytes = new Uint8Array([1, 2, 3]);

describe('openOutputFile', () => {
  it('makes the folder and leaves the file alone until it is whole', async () => {
    const folder = join(tempFolder(), 'a', 'b');
    const path = join(folder, 'clip.mp4');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, 'before');
    const file = await openOutputFile(path);
    expect(readFileSync(path, 'utf8')).toBe('before');
    await file.write(bytes);
    await file.discard();
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
    expect(readdirSync(folder)).toEqual(['clip.mp4']);
  });

  it('leaves nothing behind when it is discarded', async () => {
    const folder = join(tempFolder(), 'new');
    const file = await openOutputFile(join(folder, 'clip.mp4'));
    await file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says at once what cannot be written', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'clip.mp4'));
    await expect(openOutputFile(join(folder, 'clip.mp4'))).rejects.toMatchObject({
      code: 'output-unwritable',
      message: `${join(folder, 'clip.mp4')} cannot be written: it is a folder.`,
    });
    writeFileSync(join(folder, 'file'), '');
    await expect(openOutputFile(join(folder, 'file', 'clip.mp4'))).rejects.toMatchObject({ code: 'output-unwritable' });
  });
});

describe('openOutputFolder', () => {
  it('makes the folder and leaves nothing in it', async () => {
    const folder = join(tempFolder(), 'a', 'frames');
    await openOutputFolder(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says at once what cannot be written', async () => {
    const file = join(tempFolder(), 'frames');
    writeFileSync(file, '');
    const error = await openOutputFolder(file).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'output-unwritable' });
    expect(String(error)).toContain(`${file} cannot be written: EEXIST`);
  });
});
