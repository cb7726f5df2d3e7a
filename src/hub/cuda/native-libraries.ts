import { execFile } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError, DownloadError } from '../../errors.ts';

/** glibc's loader on x64; its path is fixed by the ABI. `ldd` is a shell script around it. */
export const systemLoader = '/lib64/ld-linux-x86-64.so.2';

/** The loader answers in milliseconds; a folder on a network that hangs must not hold the command for ever. */
const loaderTimeoutMs = 30_000;

/** What decides which libraries are found on this machine, besides the loader's cache and built-in folders. */
export interface LibraryPlaces {
  /** LD_LIBRARY_PATH. */
  libraryPath: string | undefined;
  /** The driver's library, which the system brings. */
  driver: string;
  /** What no library links and the provider opens when it first needs it: the loader is asked for these by name. */
  opened: readonly string[];
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

/** The places of a Linux system on x64. */
export function systemPlaces(libraryPath: string | undefined): LibraryPlaces {
  return { libraryPath, driver: 'libcuda.so.1', opened: ['libcudnn.so.9'], hintRoots: ['/usr/local', '/opt'] };
}

/** @throws ConfigError `platform-unsupported` there is no glibc, which the CUDA libraries are linked to */
export async function requireLoader(): Promise<void> {
  try {
    await access(systemLoader);
  } catch (cause) {
    const message = `The CUDA libraries of onnxruntime-node need glibc, and its loader ${systemLoader} is not here. Use PROVIDER=webgpu or PROVIDER=cpu on this system.`;
    throw new ConfigError('platform-unsupported', message, { cause });
  }
}

/**
 * Lets the loader look at a library alone, without those that it needs. None of the library's code runs.
 * @throws DownloadError `not-a-library` the loader cannot load it: damaged, cut short, or for another machine
 */
export async function verifyLibrary(path: string): Promise<void> {
  await access(path);
  const { code, stderr } = await askLoader(['--verify', resolve(path)], {});
  // 2: it names no loader of its own, as is usual for a library.
  if (code === 0 || code === 2) return;
  throw notALibrary(path, stderr.trim() || `${systemLoader} does not accept it`);
}

/**
 * Lets the loader look for everything that a library needs or opens, and for the driver, as it would to load it; what `ldd`
 * prints. None of the libraries' code runs.
 * @returns what the library links, what those link, and the driver, without the loader itself
 * @throws DownloadError `not-a-library` one of the libraries that the loader found cannot be loaded
 */
export async function findLibraries(path: string, places: LibraryPlaces): Promise<FoundLibrary[]> {
  const { libraryPath, driver, opened, hintRoots } = places;
  const asked = [driver, ...opened];
  const { code, stdout, stderr } = await askLoader(['--preload', asked.join(':'), resolve(path)], {
    LD_TRACE_LOADED_OBJECTS: '1',
    ...(libraryPath !== undefined && { LD_LIBRARY_PATH: libraryPath }),
  });
  if (code !== 0) {
    const [, broken = path, why = stderr.trim()] = /loading shared libraries: (.+?): (.+)/.exec(stderr) ?? [];
    throw notALibrary(broken, why);
  }
  const found = new Map<string, string | undefined>(asked.map((soname) => [soname, undefined]));
  for (const [, soname = '', target] of stdout.matchAll(/^\s*(\S+) => (.+?)(?: \(0x[0-9a-f]+\))?$/gm)) {
    found.set(soname, target === 'not found' ? undefined : target);
  }
  const folders = await hintFolders(hintRoots);
  return Promise.all(
    [...found].map(async ([soname, target]) => {
      const hint = target === undefined ? await folderWith(folders, soname) : undefined;
      return { soname, path: target, hint };
    }),
  );
}

interface LoaderAnswer {
  /** -1: a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the loader with this environment and no other variables. */
function askLoader(args: readonly string[], environment: Record<string, string>): Promise<LoaderAnswer> {
  return new Promise((answer, reject) => {
    execFile(systemLoader, args, { env: environment, timeout: loaderTimeoutMs }, (error, stdout, stderr) => {
      if (error === null) answer({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') answer({ code: error.code, stdout, stderr });
      // A damaged file may crash the loader.
      else if (error.signal) answer({ code: -1, stdout, stderr: `the loader was ended by ${error.signal}` });
      else reject(new ConfigError('platform-unsupported', `${systemLoader} could not be run.`, { cause: error }));
    });
  });
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

/** The first folder that has a usable library of this name. */
async function folderWith(folders: readonly string[], soname: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, soname);
    const isUsable = await verifyLibrary(path).then(
      () => true,
      () => false,
    );
    if (isUsable) return dirname(path);
  }
  return undefined;
}

function notALibrary(path: string, why: string): DownloadError {
  return new DownloadError('not-a-library', `${path} can't be used as an x64 library: ${why}.`);
}
