import dotenv from 'dotenv';

/** The process's environment with the working folder's `.env` merged in; what is already set wins. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  const fromFile: Record<string, string> = {};
  // `quiet`: dotenv 17 and later print a banner otherwise.
  dotenv.config({ quiet: true, processEnv: fromFile });
  return Object.freeze({ ...fromFile, ...process.env });
}
