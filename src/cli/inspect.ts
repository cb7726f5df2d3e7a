import { readFile } from 'node:fs/promises';
import { asCommandLine, describeOptions } from '../commands/describe-settings.ts';
import { UserError } from '../errors.ts';
import { readVideoSettings } from '../media/read-video-settings.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';
import { missingFile } from './read-picture.ts';
import { textTable } from './text-table.ts';

const line = {
  name: 'kinora inspect',
  usage: '<clip> [--json]',
  words: '<clip>',
  about:
    "Reads back the settings that a clip of Kinora's (MP4, GIF or WebP) carries, and says how to make the same clip again.",
  options: { json: { help: 'print the settings as one line of JSON' } },
} as const;

/** `kinora inspect`: what a clip was made with. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const [path = ''] = given.words;
  const settings = readVideoSettings(await readClip(path));
  if (settings === undefined) {
    throw new UserError('no-settings', `${path} is no clip of Kinora's, or has lost its settings on the way.`);
  }
  if (given.values.json) {
    io.stdout.write(`${JSON.stringify(settings)}\n`);
    return 0;
  }
  const rows = Object.entries(settings).map(([name, value]) => [printable(name), printable(String(value))]);
  io.stdout.write(`${path}\n${textTable(rows)}\n`);
  if (settings.extended === true) {
    io.stdout.write('It was extended from another clip: no command makes it again.\n');
    return 0;
  }
  io.stdout.write(`The same clip again:\n  ${asCommandLine(settings)}\n`);
  io.stdout.write(`In Discord, as far as /animate has options:\n  /animate ${describeOptions(settings)}\n`);
  return 0;
}

async function readClip(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const cause = missingFile(path, error);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('clip-unreadable', `${path} cannot be read: ${reason}.`, { cause });
  }
}

/** A file from anywhere must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\u{fffd}').slice(0, 200);
}
