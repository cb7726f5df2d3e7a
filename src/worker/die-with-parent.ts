import { Worker } from 'node:worker_threads';

/**
 * Ends this process within a second of its parent's death, also while a session runs and no `disconnect` is heard: a
 * step of a large model takes minutes, and a restarted bot would load the model a second time meanwhile.
 * A thread, since only a thread of its own still turns then. On Windows, where orphans keep their parent's id, it
 * never acts.
 */
export function dieWithParent(): void {
  const watch = `
    setInterval(() => {
      if (process.ppid !== ${process.ppid}) process.kill(process.pid, 'SIGKILL');
    }, 1000);
  `;
  new Worker(watch, { eval: true, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 8 } }).unref();
}
