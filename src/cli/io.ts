import { readFile } from 'node:fs/promises';

/** A stream that a subcommand writes to; `isTTY` tells whether a person watches, `columns` how wide the terminal is. */
export type CliStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** What a subcommand may touch of the process it runs in. */
export interface CliIo {
  /** Where a person's answers come from; absent where nobody can be asked. */
  stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  stdout: CliStream;
  stderr: CliStream;
  /** Aborted with a JobCancelledError by SIGINT or SIGTERM: stop cleanly, then return. */
  signal: AbortSignal;
  /** The environment with `.env` merged in; read it through `readConfig` of src/config. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** A subcommand's work. Resolves to the exit code; throws a usage error (2) or another AppError (1). */
export type RunSubcommand = (argv: string[], io: CliIo) => Promise<number>;

/** Kinora's version, as package.json says. */
export async function packageVersion(): Promise<string> {
  const packageFile = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
  return version;
}
