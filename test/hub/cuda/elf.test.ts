import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readElf } from '../../../src/hub/cuda/elf.ts';
import { fakeElf } from '../../support/fake-elf.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-elf-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(bytes: Buffer) {
  const path = join(folder, 'library.so');
  await writeFile(path, bytes);
  return readElf(path);
}

describe('readElf', () => {
  const bindings = join(
    dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    'bin/napi-v6',
  );

  it.each([
    ['linux/x64', 62],
    ['linux/arm64', 183],
  ])('reads the real library for %s', async (platform, machine) => {
    const elf = await readElf(join(bindings, platform, 'libonnxruntime.so.1'));
    expect(elf).toMatchObject({ machine, soname: 'libonnxruntime.so.1' });
    expect(elf.needed).toContain('libc.so.6');
  });

  it('reads names, in order, wherever the segments put them', async () => {
    const options = { soname: 'liba.so', needed: ['libcudart.so.12', 'libcudnn.so.9'], runpath: '$ORIGIN:/opt/x' };
    for (const addressShift of [0, 0x200_000]) {
      expect(await read(fakeElf({ ...options, addressShift }))).toEqual({
        machine: 62,
        soname: 'liba.so',
        needed: ['libcudart.so.12', 'libcudnn.so.9'],
        runpath: ['$ORIGIN', '/opt/x'],
      });
    }
  });

  it.each([
    ['an empty file', () => Buffer.alloc(0)],
    ['a text', () => Buffer.from('not a library at all, but long enough to hold a header of sixty-four bytes')],
    ['a 32-bit library', () => patched(4, 1)],
    ['a big-endian library', () => patched(5, 2)],
    ['a program', () => patched(16, 2)],
    ['segments past the end', () => patched(32, 0xff, 0xff, 0xff)],
    ['segments past all reason', () => patched(32, 0, 0, 0, 0, 0, 0, 0xff, 0xff)],
    ['a dynamic section past all reason', () => patched(64 + 56 + 32, 0, 0, 0, 0x7f)],
    ['no dynamic section', () => patched(64 + 56, 6)],
    ['a name outside the table', () => patched(64 + 2 * 56 + 8, 0xff, 0xff)],
    ['a file cut short', () => fakeElf({ needed: ['libx.so'] }).subarray(0, -8)],
  ])('refuses %s', async (_, make) => {
    await expect(read(make())).rejects.toMatchObject({ code: 'not-a-library' });
  });

  it('never fails otherwise, whatever byte is wrong', async () => {
    const good = fakeElf({ soname: 'liba.so', needed: ['libb.so'] });
    for (let at = 0; at < good.length; at++) {
      const bytes = Buffer.from(good);
      bytes[at] = 0xff;
      const outcome = await read(bytes).then(
        () => 'read',
        (error: { code?: unknown }) => error.code,
      );
      expect(['read', 'not-a-library'], `byte ${at}`).toContain(outcome);
    }
  });
});

function patched(at: number, ...values: number[]): Buffer {
  const bytes = fakeElf({ needed: ['libx.so'] });
  Buffer.from(values).copy(bytes, at);
  return bytes;
}
