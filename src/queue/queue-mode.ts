import type { FactStore } from '../storage/facts.ts';
import type { JobQueue, QueueMode } from './types.ts';

const key = 'queue-mode';
const modes: readonly QueueMode[] = ['open', 'paused', 'draining'];

/** Sets the queue's mode, over restarts. */
export function changeMode(mode: QueueMode, jobs: Pick<JobQueue, 'setMode'>, facts: FactStore): void {
  facts.set(key, mode);
  jobs.setMode(mode);
}

/** Gives a queue the mode that was set last, before a restart. */
export function restoreMode(jobs: Pick<JobQueue, 'setMode'>, facts: Pick<FactStore, 'get'>): void {
  const known = modes.find((mode) => mode === facts.get(key)) ?? 'open';
  if (known !== 'open') jobs.setMode(known);
}
