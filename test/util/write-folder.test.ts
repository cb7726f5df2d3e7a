import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/util/write-folder.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('makeFolder', () => {
  it('makes what is missing and leaves what is there', async () => {
    const folder = join(tempFolder(), 'a', 'b', 'c');
    await makeFolder(folder);
    writeFileSync(join(folder, 'file'), '');
    await makeFolder(folder);
    expect(statSync(join(folder, 'file')).isFile()).toBe(true);
  });

  it('passes on what the system says where a file is in the way', async () => {
    const file = join(tempFolder(), 'file');
    writeFileSync(file, '');
    await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(file, 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(existsSync('/proc/self'))('gives up where no folder can be made', async () => {
    await expect(makeFolder('/proc/kinora/a')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
