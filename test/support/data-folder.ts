import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { tempFolder } from './temp-folder.ts';

/** An empty database as this version leaves it, as a file's bytes. */
let empty: Buffer | undefined;

function makeEmpty(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-empty-'));
  try {
    openDatabase(folder).close();
    return readFileSync(join(folder, 'kinora.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A new DATA_DIR that is gone after the test, or when `whenDone` says, with an empty database of today's shape: taking all migrations is most of what
 * opening a new one costs. For tests to which the first start means nothing.
 */
export function dataFolder(whenDone: (end: () => Promise<void>) => void = onTestFinished): string {
  empty ??= makeEmpty();
  const folder = tempFolder(whenDone);
  writeFileSync(join(folder, 'kinora.db'), empty);
  return folder;
}
