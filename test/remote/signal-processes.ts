import { readFileSync } from 'node:fs';

/** What is sent to processes here. */
export type Signal = 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT';

/** Signals the render processes of a bot or a worker, with all that they have started. Linux alone has such a /proc. */
export function signalRenderProcesses(pid: number, signal: Signal): void {
  for (const child of renderProcesses(pid)) {
    try {
      // Each leads a group of its own, which its ffmpeg belongs to.
      process.kill(-child, signal);
    } catch {
      // It has just ended.
    }
  }
}

function renderProcesses(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').flatMap((word) => (isRenderProcess(word.trim()) ? [Number(word)] : []));
  } catch {
    return [];
  }
}

/** esbuild, which tsx runs, is none, nor is the process that looks at pictures before they wait. */
function isRenderProcess(pid: string): boolean {
  if (pid === '') return false;
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return words.some((word) => /\/(quick-)?child\.m?[jt]s$/.test(word));
}
