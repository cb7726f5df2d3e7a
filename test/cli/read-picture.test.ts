import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../src/cli/read-picture.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('readPicture', () => {
  it('reads what begins like a picture', async () => {
    const path = join(tempFolder(), 'a.png');
    const bytes = Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1');
    writeFileSync(path, bytes);
    expect(Buffer.from(await readPicture(path))).toEqual(bytes);
  });

  it('names the file that is none', async () => {
    const folder = tempFolder();
    const path = join(folder, 'letter.png');
    writeFileSync(path, 'Dear all');
    await expect(readPicture(path)).rejects.toMatchObject({
      name: 'UserError',
      code: 'picture-not-a-picture',
      message: expect.stringMatching(/letter\.png: The file is not a picture/),
    });
    await expect(readPicture(join(folder, 'none.png'))).rejects.toThrow(/cannot be read.*none\.png/);
    await expect(readPicture(folder)).rejects.toThrow(/is not a file/);
  });

  it('does not read a film to refuse it', async () => {
    const path = join(tempFolder(), 'film.png');
    writeFileSync(path, '\x89PNG');
    truncateSync(path, 40 * 1024 ** 3); // a sparse file: reading it would fail otherwise, for length
    await expect(readPicture(path)).rejects.toThrow(/is larger than 10 MB/);
  });
});
