import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ElfLibrary, readElf } from './elf.ts';
import { readLoaderCache } from './loader-cache.ts';

/** Where libraries may lie on this machine. */
export interface LibraryPlaces {
  /** LD_LIBRARY_PATH's folders. */
  libraryPath: readonly string[];
  loaderCache: string;
  /** The loader's built-in folders. */
  defaultFolders: readonly string[];
  /** Folders of which CUDA's installers make several, such as /usr/local/cuda-12.4: looked into, not searched by the loader. */
  hintRoots: readonly string[];
}

/** A library that another needs, and where it is. */
export interface FoundLibrary {
  soname: string;
  /** Where the loader finds it. */
  path: string | undefined;
  /** A folder that has it but that the loader does not search. */
  hint: string | undefined;
}

/** The places of a glibc system on x64. */
export function systemPlaces(libraryPath: string | undefined): LibraryPlaces {
  return {
    libraryPath: (libraryPath ?? '').split(/[:;]/).filter((folder) => folder !== ''),
    loaderCache: '/etc/ld.so.cache',
    defaultFolders: ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64', '/lib', '/usr/lib'],
    hintRoots: ['/usr/local', '/opt'],
  };
}

/** Looks for each soname as the loader would when it loads `library`, a file at `path`. */
export async function findLibraries(
  sonames: readonly string[],
  { library, path }: { library: ElfLibrary; path: string },
  places: LibraryPlaces,
): Promise<FoundLibrary[]> {
  const origin = dirname(path);
  const runpath = library.runpath.map((folder) => folder.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin));
  const cache = await readLoaderCache(places.loaderCache);
  const hints = await hintFolders(places.hintRoots);
  const isUsable = (candidate: string) => hasMachine(candidate, library.machine);
  return Promise.all(
    sonames.map(async (soname) => {
      const inFolders = (folders: readonly string[]) => folders.map((folder) => join(folder, soname));
      const cached = cache.filter((entry) => entry.soname === soname).map((entry) => entry.path);
      const searched = [
        ...inFolders([...places.libraryPath, ...runpath]),
        ...cached,
        ...inFolders(places.defaultFolders),
      ];
      const found = await firstThat(searched, isUsable);
      const hint = found === undefined ? await firstThat(inFolders(hints), isUsable) : undefined;
      return { soname, path: found, hint: hint === undefined ? undefined : dirname(hint) };
    }),
  );
}

async function hintFolders(roots: readonly string[]): Promise<string[]> {
  const folders: string[] = [];
  for (const root of roots) {
    const names = await readdir(root).catch(() => []);
    const cudas = names.filter((name) => name.startsWith('cuda')).sort();
    folders.push(...cudas.flatMap((name) => ['lib64', 'targets/x86_64-linux/lib'].map((lib) => join(root, name, lib))));
  }
  return folders;
}

async function hasMachine(path: string, machine: number): Promise<boolean> {
  const library = await readElf(path).catch(() => undefined);
  return library?.machine === machine;
}

async function firstThat(
  paths: readonly string[],
  test: (path: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const path of paths) {
    if (await test(path)) return path;
  }
  return undefined;
}
