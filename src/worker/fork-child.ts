import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { childEnvironment } from './child-environment.ts';

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
  return fork(entry, [], {
    serialization: 'advanced',
    env: childEnvironment(environment),
    // Chosen here, not inherited: a debugger's port or a test runner's loaders do not belong there.
    execArgv: entry.pathname.endsWith('.ts') ? ['--import', typescriptLoader()] : [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  });
}

function typescriptLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
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
