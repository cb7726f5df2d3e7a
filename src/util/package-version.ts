import { readFile } from 'node:fs/promises';

/** Kinora's version, as package.json says. */
export async function packageVersion(): Promise<string> {
  const packageFile = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
  return version;
}
