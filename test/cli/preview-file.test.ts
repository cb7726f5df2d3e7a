import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPreviewFile } from '../../src/cli/preview-file.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('a preview’s file', () => {
  it('must name a WebP file', async () => {
    const io = createMemoryIo();
    expect(await runCli(['animate', 'a.png', '--preview', 'p.gif'], io)).toBe(2);
    expect(io.err()).toContain('--preview must name a file that ends in .webp, not "p.gif".');
  });

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
