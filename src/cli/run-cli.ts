import { type Command, CommanderError } from 'commander';
import { AppError, JobCancelledError } from '../errors.ts';
import { describeWrongUsage } from './command-line.ts';
import { describeError } from './describe-error.ts';
import { type CliIo, packageVersion } from './io.ts';
import { createGroup, type Subcommand, subcommands } from './subcommands.ts';
import { isUsageError, usageError } from './usage-error.ts';

/** Exit code of a process that was interrupted, as shells count it: 128 + SIGINT. */
const interruptedExitCode = 130;

/** Exit code of a process whose output nobody reads any more, as shells count it: 128 + SIGPIPE. */
const unreadExitCode = 141;

/**
 * Runs `kinora <argv…>` and resolves to the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted, 141 nobody reads
 * the output any more (`kinora … | head`).
 * Never throws: what goes wrong is told on stderr in one line (and its causes with LOG_LEVEL=debug).
 */
export async function runCli(argv: string[], io: CliIo, table: readonly Subcommand[] = subcommands): Promise<number> {
  try {
    return await dispatch(argv, io, table);
  } catch (error) {
    if (error instanceof UnreadOutput) return unreadExitCode;
    const withCauses = io.environment.LOG_LEVEL === 'debug';
    const hint = withCauses || error instanceof AppError ? '' : ' (LOG_LEVEL=debug shows where)';
    io.stderr.write(`kinora: ${describeError(error, { withCauses })}${hint}\n`);
    if (isUsageError(error)) return 2;
    return error instanceof JobCancelledError ? interruptedExitCode : 1;
  }
}

/** The reason of {@link CliIo.signal} where whoever read the output has closed it: the work ends without a word. */
export class UnreadOutput extends JobCancelledError {}

async function dispatch(argv: string[], io: CliIo, table: readonly Subcommand[]): Promise<number> {
  let exitCode = 0;
  const program = createGroup({ name: 'kinora', subcommands: table }, async ({ load }, names) => {
    const { run } = await load();
    exitCode = await run(words.slice(names), io);
  })
    .version(await packageVersion(), '-v, --version', 'show the version')
    .addHelpText(
      'after',
      '\nkinora <command> --help shows the options of a command.\n' +
        'Settings come from the environment and from a .env file: see .env.example.',
    );
  guard(program, io);
  const { words, group } = resolveWords(program, argv);
  try {
    if (words.length === 0) program.help({ error: true });
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') return 2;
    if (error.exitCode === 0) return 0;
    throw usageError(describeWrongUsage(error, group), error);
  }
}

/** Commander throws instead of ending the process, and writes where the subcommands write. */
function guard(command: Command, io: CliIo): void {
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Help for a group without a subcommand; what is wrong is told by runCli.
      writeErr: (text) => io.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => io.stdout.columns ?? 120,
      getErrHelpWidth: () => io.stderr.columns ?? 120,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ subcommandTerm: (entry) => entry.name() });
  for (const entry of command.commands) guard(entry, io);
}

/**
 * The words as commander should read them, and the group that they lead to as it is typed (`kinora model`).
 * `help model pull` becomes `model pull --help`; after a name that is none, no help is shown in place of the error.
 */
function resolveWords(program: Command, argv: readonly string[]): { words: string[]; group: string } {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
  const names = [program.name()];
  let group = program;
  for (const word of words) {
    if (word.startsWith('-')) break;
    const entry = group.commands.find((command) => command.name() === word);
    if (entry === undefined) return { words: [...names.slice(1), word], group: names.join(' ') };
    if (entry.commands.length === 0) break;
    names.push(entry.name());
    group = entry;
  }
  return { words, group: names.join(' ') };
}
