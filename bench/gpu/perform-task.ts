import { chooseProvider } from '../../src/inference/runtime/choose-provider.ts';
import { callNetwork } from './call-network.ts';
import { makeWeights } from './make-weights.ts';
import type { Task, TaskAnswers } from './tasks.ts';

/** Performs a task in this process. */
export async function performTask(task: Task): Promise<TaskAnswers[Task['kind']]> {
  switch (task.kind) {
    case 'provider':
      return { provider: await chooseProvider(task.provider, () => {}) };
    case 'weights':
      return makeWeights(task.folder, task.name);
    case 'network':
      return callNetwork(task);
  }
}
