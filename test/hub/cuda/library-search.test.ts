import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readElf } from '../../../src/hub/cuda/elf.ts';
import { findLibraries, type LibraryPlaces, systemPlaces } from '../../../src/hub/cuda/library-search.ts';
import { readLoaderCache } from '../../../src/hub/cuda/loader-cache.ts';
import { fakeElf } from '../../support/fake-elf.ts';

let root: string;
let places: LibraryPlaces;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kinora-libraries-'));
  places = {
    libraryPath: [join(root, 'from-environment')],
    loaderCache: join(root, 'ld.so.cache'),
    defaultFolders: [join(root, 'lib')],
    hintRoots: [join(root, 'usr-local')],
  };
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, bytes = fakeElf()): Promise<string> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), bytes);
  return join(root, path);
}

/** A loader cache as glibc writes it; `prefix` stands for the older table that may come first. */
function cacheOf(libraries: Record<string, string>, prefix = ''): Buffer {
  const entries = Object.entries(libraries);
  const header = Buffer.alloc(48 + entries.length * 24);
  header.write('glibc-ld.so.cache1.1', 'latin1');
  header.writeUInt32LE(entries.length, 20);
  let strings = '';
  for (const [index, [soname, path]] of entries.entries()) {
    header.writeUInt32LE(header.length + strings.length, 48 + index * 24 + 4);
    strings += `${soname}\0`;
    header.writeUInt32LE(header.length + strings.length, 48 + index * 24 + 8);
    strings += `${path}\0`;
  }
  return Buffer.concat([Buffer.from(prefix), header, Buffer.from(strings)]);
}

async function search(sonames: string[], provider = fakeElf()) {
  const path = await put('binding/provider.so', provider);
  return findLibraries(sonames, { library: await readElf(path), path }, places);
}

describe('findLibraries', () => {
  it('looks where the loader looks, in its order', async () => {
    const inCache = await put('cached/liba.so.1');
    const inDefault = await put('lib/liba.so.1');
    expect(await search(['liba.so.1'])).toEqual([{ soname: 'liba.so.1', path: inDefault, hint: undefined }]);
    await put('ld.so.cache', cacheOf({ 'liba.so.1': inCache }));
    expect((await search(['liba.so.1']))[0]?.path).toBe(inCache);
    const beside = await put('binding/liba.so.1');
    expect((await search(['liba.so.1'], fakeElf({ runpath: '$ORIGIN' })))[0]?.path).toBe(beside);
    const named = await put('from-environment/liba.so.1');
    expect((await search(['liba.so.1'], fakeElf({ runpath: '$ORIGIN' })))[0]?.path).toBe(named);
  });

  it('passes over libraries for other machines and broken ones', async () => {
    await put('from-environment/liba.so.1', fakeElf({ machine: 3 }));
    await put('from-environment/libb.so.1', Buffer.from('broken'));
    const right = await put('lib/liba.so.1');
    const found = await search(['liba.so.1', 'libb.so.1']);
    expect(found.map(({ path }) => path)).toEqual([right, undefined]);
  });

  it('names a CUDA folder that the loader does not search', async () => {
    await put('usr-local/cuda-12.4/lib64/libcudart.so.12');
    expect(await search(['libcudart.so.12', 'libcudnn.so.9'])).toEqual([
      { soname: 'libcudart.so.12', path: undefined, hint: join(root, 'usr-local/cuda-12.4/lib64') },
      { soname: 'libcudnn.so.9', path: undefined, hint: undefined },
    ]);
  });
});

describe('readLoaderCache', () => {
  it('reads both layouts', async () => {
    const libraries = { 'liba.so.1': '/lib/liba.so.1', 'libb.so.2': '/opt/libb.so.2' };
    const expected = Object.entries(libraries).map(([soname, path]) => ({ soname, path }));
    for (const prefix of ['', 'ld.so-1.7.0\0some older table']) {
      expect(await readLoaderCache(await put('cache', cacheOf(libraries, prefix)))).toEqual(expected);
    }
  });

  it('takes a missing, foreign or cut cache for an empty one', async () => {
    expect(await readLoaderCache(join(root, 'none'))).toEqual([]);
    expect(await readLoaderCache(await put('text', Buffer.from('hello')))).toEqual([]);
    expect(await readLoaderCache(await put('cut', cacheOf({ a: 'b' }).subarray(0, 60)))).toEqual([]);
    expect(await readLoaderCache(await put('header', cacheOf({ a: 'b' }).subarray(0, 30)))).toEqual([]);
  });
});

describe('systemPlaces', () => {
  it('splits LD_LIBRARY_PATH as the loader does', () => {
    expect(systemPlaces('/a:/b;/c::').libraryPath).toEqual(['/a', '/b', '/c']);
    expect(systemPlaces(undefined).libraryPath).toEqual([]);
  });
});
