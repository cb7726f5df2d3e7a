import { resolve } from 'node:path';
import { readConfig } from '../config/config.ts';
import { restore } from '../storage/restore.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';

const line = {
  name: 'kinora restore',
  usage: 'FILE|DIR',
  words: '<backup>',
  about:
    'Puts a backup (of a folder: the newest) in the place of the database, once it was checked. The bot must not run. What ' +
    'was there is kept beside it. Clips that were still to be made when the backup was made are made again.',
};

/** `kinora restore`: a backup becomes the database. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const [source = ''] = given.words;
  const { dataDir } = readConfig(io.environment);
  const { from, formerPath } = restore({ source: resolve(source), dataDir, nowMs: Date.now() });
  io.stdout.write(`${from} is now the database in ${dataDir}.\n`);
  if (formerPath !== undefined) io.stdout.write(`The one that was there is kept as ${formerPath}.\n`);
  return 0;
}
