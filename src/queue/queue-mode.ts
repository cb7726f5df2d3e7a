import type { FactStore } from '../storage/facts.ts';
import type { JobQueue, QueueMode } from './types.ts';

const key = 'queue-mode';
const modes: readonly QueueMode[] = ['open', 'paused', 'draining'];

/** Sets the queue's mode, over restarts. */
export async function changeMode(
  mode: QueueMode,
  jobs: Pick<JobQueue, 'setMode'>,
  facts: Pick<FactStore, 'set'>,
): Promise<void> {
  await facts.set(key, mode);
  jobs.setMode(mode);
}

/** Gives a queue the mode that was set last, before a restart. */
export async function restoreMode(jobs: Pick<JobQueue, 'setMode'>, facts: Pick<FactStore, 'get'>): Promise<void> {
  const stored = await facts.get(key);
  const known = modes.find((mode) => mode === stored) ?? 'open';
  if (known !== 'open') jobs.setMode(known);
}
