import { parseArgs } from 'node:util';
import { readConfig } from '../config/config.ts';
import type { CliIo } from './io.ts';
import { usageError } from './usage-error.ts';

/** What the actions on a model folder are given on the command line. */
export interface ModelFolderOptions {
  help: boolean;
  /** The model that was named, or else MODEL_DIR, or else the demo model; for `findModel`. */
  model: string;
  /** Whether `--full` was given. */
  full: boolean;
}

/**
 * Reads `[DIR] [--full] [--help]`.
 * @throws UserError (usage) anything else was given
 */
export function readModelFolderOptions(argv: string[], io: CliIo, action: 'info' | 'check'): ModelFolderOptions {
  const full = action === 'check' ? { full: { type: 'boolean' } as const } : {};
  const options = { help: { type: 'boolean', short: 'h' }, ...full } as const;
  try {
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const [folder, ...others] = positionals;
    if (others.length > 0) throw new TypeError('One model folder at a time.');
    const isFull = 'full' in values && values.full === true;
    return { help: values.help === true, model: folder ?? readConfig(io.environment).modelDir, full: isFull };
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw usageError(`${cause.message} See kinora model ${action} --help.`, cause);
  }
}
