import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findLibraries,
  type LibraryPlaces,
  systemLoader,
  systemPlaces,
  verifyLibrary,
} from '../../../src/hub/cuda/native-libraries.ts';
import { fakeElf } from '../../support/fake-elf.ts';

let root: string;
let places: LibraryPlaces;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kinora-libraries-'));
  places = {
    libraryPath: join(root, 'from-environment'),
    driver: 'libdriver-made-up.so.1',
    opened: ['libopened-made-up.so.9'],
    hintRoots: [join(root, 'usr-local')],
  };
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, bytes = fakeElf()): Promise<string> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), bytes);
  return join(root, path);
}

/** Where the loader finds a library that needs these: path or undefined, by soname, the system's own left out. */
async function search(needed: string[], runpath = '$ORIGIN/nowhere') {
  const provider = await put('binding/provider.so', fakeElf({ needed, runpath }));
  const found = await findLibraries(provider, places);
  return new Map(found.map((library) => [library.soname, library]));
}

describe.runIf(existsSync(systemLoader))('findLibraries', () => {
  it('finds what the loader finds, in its order: LD_LIBRARY_PATH before the library’s own runpath', async () => {
    expect((await search(['liba.so.99'])).get('liba.so.99')?.path).toBeUndefined();
    const beside = await put('binding/liba.so.99');
    expect((await search(['liba.so.99'], '$ORIGIN')).get('liba.so.99')?.path).toBe(beside);
    const named = await put('from-environment/liba.so.99');
    expect((await search(['liba.so.99'], '$ORIGIN')).get('liba.so.99')?.path).toBe(named);
  });

  it('finds the system’s libraries by the loader’s cache and folders', async () => {
    expect((await search(['libc.so.6'])).get('libc.so.6')?.path).toMatch(/^\/.*libc\.so\.6$/);
  });

  it('finds what the provider opens by itself, such as cuDNN, which stands in no list', async () => {
    const found = async () => (await search(['libc.so.6'])).get('libopened-made-up.so.9');
    expect(await found()).toMatchObject({ path: undefined });
    const path = await put('from-environment/libopened-made-up.so.9');
    expect(await found()).toMatchObject({ path });
  });

  it('finds the driver, which nothing links, and says when it is not there', async () => {
    expect((await search(['libc.so.6'])).get(places.driver)).toEqual({
      soname: places.driver,
      path: undefined,
      hint: undefined,
    });
    const driver = await put(`from-environment/${places.driver}`);
    expect((await search(['libc.so.6'])).get(places.driver)?.path).toBe(driver);
  });

  it('finds what is needed by a library that is needed', async () => {
    await put('from-environment/liba.so.99', fakeElf({ needed: ['libinner.so.98'] }));
    expect((await search(['liba.so.99'])).has('libinner.so.98')).toBe(true);
  });

  it('passes over libraries for other machines, as the loader does', async () => {
    await put('from-environment/liba.so.99', fakeElf({ machine: 183 }));
    const right = await put('binding/liba.so.99');
    expect((await search(['liba.so.99'], '$ORIGIN')).get('liba.so.99')?.path).toBe(right);
  });

  it('names a broken library in the loader’s way, at which the loader gives up', async () => {
    const broken = await put('from-environment/libb.so.99', Buffer.from('broken'));
    await expect(search(['libb.so.99'])).rejects.toMatchObject({
      code: 'not-a-library',
      message: expect.stringContaining(broken),
    });
  });

  it('names a CUDA folder that the loader does not search, if its library is one for this machine', async () => {
    await put('usr-local/cuda-12.4/lib64/libcudart.so.99');
    await put('usr-local/cuda-12.4/lib64/libcufft.so.98', fakeElf({ machine: 183 }));
    const found = await search(['libcudart.so.99', 'libcufft.so.98', 'libcudnn.so.97']);
    const hints = ['libcudart.so.99', 'libcufft.so.98', 'libcudnn.so.97'].map((name) => found.get(name)?.hint);
    expect(hints).toEqual([join(root, 'usr-local/cuda-12.4/lib64'), undefined, undefined]);
  });
});

describe.runIf(existsSync(systemLoader))('verifyLibrary', () => {
  const bindings = join(
    dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    'bin/napi-v6',
  );
  const verify = async (bytes: Buffer) => verifyLibrary(await put('library.so', bytes));

  it('accepts the real library for linux/x64, and refuses that for arm64', async () => {
    await verifyLibrary(join(bindings, 'linux/x64/libonnxruntime.so.1'));
    await expect(verifyLibrary(join(bindings, 'linux/arm64/libonnxruntime.so.1'))).rejects.toMatchObject({
      code: 'not-a-library',
    });
  });

  it('accepts a library whose own needs are not there', async () => {
    await verify(fakeElf({ soname: 'liba.so', needed: ['libnowhere.so.99'] }));
  });

  it.each([
    ['an empty file', () => Buffer.alloc(0)],
    ['a text', () => Buffer.from('not a library at all, but long enough to hold a header of sixty-four bytes')],
    ['a 32-bit library', () => patched(4, 1)],
    ['a big-endian library', () => patched(5, 2)],
    ['segments past the end', () => patched(32, 0xff, 0xff, 0xff)],
    ['no dynamic section', () => patched(64 + 56, 6)],
    ['a file cut within its header', () => fakeElf({ needed: ['libx.so'] }).subarray(0, 100)],
  ])('refuses %s', async (_, make) => {
    await expect(verify(make())).rejects.toMatchObject({ code: 'not-a-library' });
  });

  it('never fails otherwise, whatever field of the header is wrong, in its first byte or its last', async () => {
    const good = fakeElf({ soname: 'liba.so', needed: ['libb.so'] });
    const outcomes = headerPlaces().map(async (at) => {
      const bytes = Buffer.from(good);
      bytes[at] = 0xff;
      const path = await put(`wrong/${at}.so`, bytes);
      return verifyLibrary(path).then(
        () => 'accepted',
        (error: { code?: unknown }) => error.code,
      );
    });
    for (const outcome of await Promise.all(outcomes)) expect(['accepted', 'not-a-library']).toContain(outcome);
  });
});

it('reads LD_LIBRARY_PATH as it is: the loader splits it itself', () => {
  expect(systemPlaces('/a:/b;/c::').libraryPath).toBe('/a:/b;/c::');
  expect(systemPlaces(undefined).libraryPath).toBeUndefined();
});

function patched(at: number, ...values: number[]): Buffer {
  const bytes = fakeElf({ needed: ['libx.so'] });
  Buffer.from(values).copy(bytes, at);
  return bytes;
}

/** The first and the last byte of every field of an ELF file's header and of its two program headers (elf(5)). */
function headerPlaces(): number[] {
  // Magic, class, order, version, ABI, its version, padding; type, machine, version, entry, tables, flags, six sizes.
  const header = [4, 1, 1, 1, 1, 1, 7, 2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2];
  // Type, flags, offset, address, physical address, size in the file and in memory, alignment.
  const program = [4, 4, 8, 8, 8, 8, 8, 8];
  let at = 0;
  const places = [...header, ...program, ...program].flatMap((size) => {
    const field = [at, at + size - 1];
    at += size;
    return field;
  });
  return [...new Set(places)];
}
