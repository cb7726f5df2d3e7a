import type { CliIo, RunSubcommand } from './io.ts';
import { usageError } from './usage-error.ts';

const actions: Readonly<Record<string, { description: string; load: () => Promise<{ run: RunSubcommand }> }>> = {
  pull: {
    description: 'fetch the weights of a model from the Hugging Face hub',
    load: () => import('./model-pull.ts'),
  },
  info: { description: 'tell what a model folder holds and what a clip costs', load: () => import('./model-info.ts') },
  check: { description: 'hold the weights against their configs', load: () => import('./model-check.ts') },
};

/** `kinora model …`: weights on disk. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const [name = '--help', ...rest] = argv;
  if (name === '--help' || name === '-h') {
    const lines = Object.entries(actions).map(([action, { description }]) => `  ${action.padEnd(6)} ${description}\n`);
    io.stdout.write(`Usage: kinora model <action> [options]\n\nActions:\n${lines.join('')}`);
    return 0;
  }
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) {
    throw usageError(
      `there is no action "${name}" of kinora model; the actions are ${Object.keys(actions).join(', ')}.`,
    );
  }
  const { run: runAction } = await action.load();
  return runAction(rest, io);
}
