import { resolve } from 'node:path';
import { readConfig } from '../config/config.ts';
import { backUp, keptBackups } from '../storage/backup.ts';
import { formatBytes } from '../util/format-bytes.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';

const line = {
  name: 'kinora backup',
  usage: 'DIR',
  words: '<folder>',
  about:
    "Copies the bot's database (jobs, pictures, clips, settings) into DIR, also while the bot runs, and opens the copy to " +
    `check it. The newest ${keptBackups} are kept. Models are not copied.`,
};

/** `kinora backup`: a verified copy of the database. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const [folder = ''] = given.words;
  const { dataDir } = readConfig(io.environment);
  const { path, sizeBytes, removed } = backUp({ dataDir, folder: resolve(folder), nowMs: Date.now() });
  io.stdout.write(`${path} (${formatBytes(sizeBytes)}) was made and checked.\n`);
  for (const old of removed) io.stdout.write(`${old} was removed: the newest ${keptBackups} are kept.\n`);
  return 0;
}
