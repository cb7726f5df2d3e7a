import { Command } from 'commander';
import type { RunSubcommand } from './io.ts';

/** A word after `kinora`: a subcommand with a file of its own, or a group of subcommands. */
export type Subcommand = { name: string; description: string } & (
  | {
      /** The file that declares the options and does the work; imported when it is asked for, so that `--help` stays quick. */
      load: () => Promise<{ run: RunSubcommand }>;
    }
  | { subcommands: readonly Subcommand[] }
);

/** Every subcommand, in the order of the help text. Adding one is one entry here and one file beside this one. */
export const subcommands: readonly Subcommand[] = [
  { name: 'animate', description: 'Turn a picture into a clip', load: () => import('./animate.ts') },
  {
    name: 'backup',
    description: "Copy the bot's database, also while it runs",
    load: () => import('./backup.ts'),
  },
  { name: 'bot', description: 'Connect to Discord and serve', load: () => import('./bot.ts') },
  {
    name: 'demo',
    description: 'Animate a sample picture through the bot, without Discord',
    load: () => import('./demo.ts'),
  },
  {
    name: 'doctor',
    description: 'Check whether this machine can run the bot, GPUs above all',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'export',
    description: 'Write a model in other forms',
    subcommands: [
      {
        name: 'onnx',
        description: 'Write the compiled networks as ONNX files',
        load: () => import('./export-onnx.ts'),
      },
    ],
  },
  {
    name: 'health',
    description: 'Ask a running bot on this machine whether it is alive, or ready',
    load: () => import('./health.ts'),
  },
  { name: 'inspect', description: 'Show the settings that a clip was made with', load: () => import('./inspect.ts') },
  {
    name: 'model',
    description: 'Download, describe and check the weights of a model',
    subcommands: [
      {
        name: 'pull',
        description: 'Download a model from the Hugging Face hub',
        load: () => import('./model-pull.ts'),
      },
      {
        name: 'info',
        description: 'Show what a model folder holds and how much memory a clip needs',
        load: () => import('./model-info.ts'),
      },
      { name: 'check', description: 'Compare the weights with their configs', load: () => import('./model-check.ts') },
    ],
  },
  {
    name: 'playground',
    description: 'Try the bot in the browser, without Discord',
    load: () => import('./playground.ts'),
  },
  { name: 'restore', description: 'Put a backup in the place of the database', load: () => import('./restore.ts') },
  {
    name: 'setup',
    description: 'Install what npm does not',
    subcommands: [
      {
        name: 'cuda',
        description: 'Download the CUDA libraries of ONNX Runtime',
        load: () => import('./setup-cuda.ts'),
      },
    ],
  },
  {
    name: 'worker',
    description: 'Make clips for a bot on another host',
    load: () => import('./worker.ts'),
  },
];

/** Runs a subcommand that was asked for; so many words in front of its own are names. */
export type RunEntry = (entry: Extract<Subcommand, { load: unknown }>, names: number) => Promise<void>;

/**
 * A group with its subcommands, which are run by `runEntry`; it reads its own help option, they read theirs.
 * @param names how many names stand in front of those of the subcommands
 */
export function createGroup(
  { name, subcommands: table }: Pick<Extract<Subcommand, { subcommands: unknown }>, 'name' | 'subcommands'>,
  runEntry: RunEntry,
  names = 0,
): Command {
  const group = new Command(name)
    .usage('<command> [options]')
    .enablePositionalOptions()
    .helpOption('-h, --help', 'show this')
    .helpCommand(false);
  for (const entry of table) {
    const command =
      'subcommands' in entry ? createGroup(entry, runEntry, names + 1) : createLeaf(entry, runEntry, names + 1);
    group.addCommand(command.summary(entry.description));
  }
  return group;
}

/** Its options are known once its file is imported, which then reads its words itself, from the first to a `--` and on. */
function createLeaf(entry: Extract<Subcommand, { load: unknown }>, runEntry: RunEntry, names: number): Command {
  return new Command(entry.name)
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => runEntry(entry, names));
}
