import { readFile } from 'node:fs/promises';
import { asCommand, asCommandLine } from '../commands/describe-settings.ts';
import { UserError } from '../errors.ts';
import { readVideoSettings } from '../media/read-video-settings.ts';
import type { CliIo } from './io.ts';
import { textTable } from './text-table.ts';
import { usageError } from './usage-error.ts';

const help = `Usage: kinora inspect <clip> [--json]

Reads back the settings that a clip of Kinora's (MP4, GIF or WebP) carries, and says how to make the same clip again.

Options:
  --json               print the settings as one line of JSON
  --help               show this
`;

/** `kinora inspect`: what a clip was made with. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout.write(help);
    return 0;
  }
  const asJson = argv.includes('--json');
  const [path, ...more] = argv.filter((word) => word !== '--json');
  if (path === undefined || path.startsWith('-') || more.length > 0) {
    throw usageError('name one clip: kinora inspect <clip> [--json].');
  }
  const settings = readVideoSettings(await readClip(path));
  if (settings === undefined) {
    throw new UserError('no-settings', `${path} is no clip of Kinora's, or has lost its settings on the way.`);
  }
  if (asJson) {
    io.stdout.write(`${JSON.stringify(settings)}\n`);
    return 0;
  }
  const rows = Object.entries(settings).map(([name, value]) => [printable(name), printable(String(value))]);
  io.stdout.write(`${path}\n${textTable(rows)}\nThe same clip again:\n`);
  io.stdout.write(`  ${asCommandLine(settings)}\n  ${asCommand(settings)}\n`);
  return 0;
}

async function readClip(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('clip-unreadable', `${path} cannot be read: ${reason}.`, { cause });
  }
}

/** A file from anywhere must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\u{fffd}').slice(0, 200);
}
