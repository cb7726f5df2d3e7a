import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** No piece is larger, in bytes. */
const maxPieceBytes = 60_000_000;

const run = promisify(execFile);

/**
 * Packs what a folder holds as NAME.tar.gz.00, NAME.tar.gz.01, …, of which none is larger than
 * {@link maxPieceBytes}; `cat NAME.tar.gz.* | tar -xzf -` unpacks them.
 */
export async function writePieces(
  folder: string,
  { name, target, signal, pieceBytes = maxPieceBytes }: PiecesOptions,
): Promise<void> {
  const script = 'tar -C "$1" --sort=name --owner=0 --group=0 -czf - . | split -b "$2" -d -a 2 - "$3"';
  const words = ['-o', 'pipefail', '-c', script, 'pack', folder, String(pieceBytes), join(target, `${name}.tar.gz.`)];
  await run('bash', words, { signal });
}

interface PiecesOptions {
  name: string;
  /** The folder that the pieces go to. */
  target: string;
  signal: AbortSignal;
  /** Another size: tests only. */
  pieceBytes?: number;
}

/** Writes SHA256SUMS over every other file of a folder, as sha256sum checks them. */
export async function writeChecksums(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'SHA256SUMS');
  const names = files.map(({ name }) => name).sort();
  const lines: string[] = [];
  for (const name of names) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(folder, name))) hash.update(chunk as Buffer);
    lines.push(`${hash.digest('hex')}  ${name}\n`);
  }
  await writeFile(join(folder, 'SHA256SUMS'), lines.join(''));
}
