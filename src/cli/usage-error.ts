import { Command, CommanderError } from 'commander';
import { UserError } from '../errors.ts';

const usageCode = 'usage';

/**
 * The command line was not understood: the process says why and exits with 2. A message that ends in `one of …, not "…".`,
 * as every reader of a choice words it, also says which choice was probably meant.
 */
export function usageError(message: string, cause?: unknown): UserError {
  const [, names = '', word = ''] = /must be one of (.+), not "([^"]*)"\.$/.exec(message) ?? [];
  return new UserError(usageCode, message + didYouMean(word, names.split(', ')), { cause });
}

/** Whether `error` came from {@link usageError}. */
export function isUsageError(error: unknown): error is UserError {
  return error instanceof UserError && error.code === usageCode;
}

/** ` Did you mean euler?`, by commander's own measure of what is alike; empty where no name is. */
function didYouMean(word: string, names: readonly string[]): string {
  if (word === '') return '';
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const name of names) command.addCommand(new Command(name || ' '));
  try {
    command.helpCommand(false).parse(['--', word], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const [, question] = /\((Did you mean .*\?)\)/.exec(error.message) ?? [];
    return question === undefined ? '' : ` ${question}`;
  }
  return '';
}
