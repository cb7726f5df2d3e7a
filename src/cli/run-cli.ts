import { AppError, JobCancelledError } from '../errors.ts';
import { describeError } from './describe-error.ts';
import { type CliIo, packageVersion } from './io.ts';
import { type Subcommand, subcommands } from './subcommands.ts';
import { isUsageError, usageError } from './usage-error.ts';

/** Exit code of a process that was interrupted, as shells count it: 128 + SIGINT. */
const interruptedExitCode = 130;

/**
 * Runs `kinora <argv…>` and resolves to the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
 * Never throws: what goes wrong is told on stderr in one line (and its causes with LOG_LEVEL=debug).
 */
export async function runCli(argv: string[], io: CliIo, table: readonly Subcommand[] = subcommands): Promise<number> {
  try {
    return await dispatch(argv, io, table);
  } catch (error) {
    const withCauses = io.environment.LOG_LEVEL === 'debug';
    const hint = withCauses || error instanceof AppError ? '' : ' (LOG_LEVEL=debug shows where)';
    io.stderr.write(`kinora: ${describeError(error, { withCauses })}${hint}\n`);
    if (isUsageError(error)) return 2;
    return error instanceof JobCancelledError ? interruptedExitCode : 1;
  }
}

async function dispatch(argv: string[], io: CliIo, table: readonly Subcommand[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    io.stderr.write(helpText(table));
    return 2;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    io.stdout.write(helpText(table));
    return 0;
  }
  if (name === '--version' || name === '-v') {
    io.stdout.write(`${await packageVersion()}\n`);
    return 0;
  }
  const subcommand = table.find((entry) => entry.name === name);
  if (subcommand === undefined) {
    throw usageError(`there is no command "${name}"; the commands are ${table.map((entry) => entry.name).join(', ')}.`);
  }
  const { run } = await subcommand.load();
  return run(rest, io);
}

function helpText(table: readonly Subcommand[]): string {
  const width = Math.max(...table.map((entry) => entry.name.length));
  const lines = table.map((entry) => `  ${entry.name.padEnd(width)}  ${entry.description}`);
  return [
    'Usage: kinora <command> [options]',
    '',
    'Commands:',
    ...lines,
    '',
    'kinora <command> --help tells the options of a command; kinora --version prints the version.',
    'Settings come from the environment and from a .env file: see .env.example.',
    '',
  ].join('\n');
}
