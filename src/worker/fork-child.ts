import { type ChildProcess, fork } from 'node:child_process';
import { cudaLibraryPath } from '../util/cuda-folder.ts';
import { runnableEntry } from './runnable-entry.ts';

/** Variables that a render process may inherit: what finding programs, files, drivers and GPUs takes. */
const allowedNames = new Set([
  'PATH',
  'HOME',
  'USERPROFILE',
  'LOCALAPPDATA',
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LANG',
  'LC_ALL',
  'TZ',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
  'OMP_NUM_THREADS',
]);

/** Families of variables of GPU drivers. */
const allowedPrefixes = ['CUDA_', 'NVIDIA_', 'VK_', 'MESA_'];

/**
 * libvips: no loader that its authors call unsafe, one thread. glibc: two heaps, or freed pictures are never given back;
 * large pages for large tensors (SVD XT's CLIP: loaded in 5.3 s instead of 7.4, a call 7 % quicker).
 */
const fixed = {
  VIPS_BLOCK_UNTRUSTED: '1',
  VIPS_CONCURRENCY: '1',
  MALLOC_ARENA_MAX: '2',
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
};

/**
 * The environment of a render process: an allow-list, because it decodes pictures from strangers. The Discord token
 * and whatever else the operator's environment holds stay outside.
 */
export function childEnvironment(parent: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(parent)) {
    if (value !== undefined && isAllowed(name.toUpperCase())) environment[name] = value;
  }
  // Before the process starts: the loader reads it once.
  const libraryPath = cudaLibraryPath(parent);
  return { ...environment, ...(libraryPath !== undefined && { LD_LIBRARY_PATH: libraryPath }), ...fixed };
}

function isAllowed(name: string): boolean {
  return allowedNames.has(name) || allowedPrefixes.some((prefix) => name.startsWith(prefix));
}

const isSource = import.meta.url.endsWith('.ts');

/** The render process's own file: TypeScript in a checkout, JavaScript after the build. */
const defaultEntry = new URL(isSource ? './child.ts' : './child.js', import.meta.url);

/**
 * Starts a render process. It leads a process group of its own, so that Ctrl-C reaches only the parent and
 * {@link killGroup} reaches ffmpeg too.
 */
export function forkChild(
  environment: Readonly<Record<string, string | undefined>>,
  entry: URL = defaultEntry,
): ChildProcess {
  // execArgv is chosen here, not inherited: a debugger's port or a test runner's loaders do not belong there.
  const { file, execArgv } = runnableEntry(entry);
  return fork(file, [], {
    serialization: 'advanced',
    env: childEnvironment(environment),
    execArgv,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  });
}

/** Ends a render process and what it started, at once. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // Already gone: that is what was wanted.
  }
}
