import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new empty folder that is gone after the test, or when `whenDone` says. */
export function tempFolder(whenDone: (end: () => Promise<void>) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-test-'));
  whenDone(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
