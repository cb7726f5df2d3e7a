import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as errors from '../src/errors.ts';
import { pictureErrorCodes } from '../src/media/check-file.ts';
import { limitErrorCodes } from '../src/queue/admission.ts';
import { thrownErrors } from './support/thrown-errors.ts';

/** Errors that are read at a terminal and never meet a job. */
const terminalFolders = /^src\/(cli\/(?!app\.ts)|hub\/|fake-discord\/|playground\/)/;

type ErrorClass = new (code: string, message: string) => errors.AppError;
const { JobCancelledError: _, AppError: __, scopeOf: ___, ...classes } = errors;
const named = classes as unknown as Readonly<Record<string, ErrorClass>>;

/** Where the codes are no literals, those that can come from there. */
const listed: Readonly<Record<string, readonly string[]>> = {
  'src/queue/admission.ts': limitErrorCodes,
  'src/media/check-file.ts': pictureErrorCodes,
  // These make an error again that was thrown elsewhere.
  'src/storage/final-notice.ts': [],
  'src/worker/wire-error.ts': [],
  'src/worker/encode-clip.ts': [],
  // The code is a parameter; its callers' are read below.
  'src/inference/safetensors/json-cursor.ts': [],
};

/** Each code of the code with its scope, as `scope code`. */
function inCode(): Set<string> {
  const found = new Set<string>();
  for (const { file, className, codes, scope } of thrownErrors(Object.keys(named))) {
    if (terminalFolders.test(file)) continue;
    const known = codes.length > 0 ? codes : listed[file];
    if (known === undefined) throw new Error(`${file}: a code of ${className} cannot be read; list it in this test`);
    for (const code of known) found.add(`${scope ?? new named[className]!(code, '').scope ?? 'unknown'} ${code}`);
  }
  return found;
}

/** Each code of the table with its scope. */
function inTable(): string[] {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const rows = [...page.matchAll(/^\| (job|host|transient|unknown) \| ([^|]+) \|.*\|$/gm)];
  return rows.flatMap(([, scope, cells]) =>
    [...cells!.matchAll(/`([a-z0-9-]+)`/g)].map(([, code]) => `${scope} ${code}`),
  );
}

describe('the table of failures in docs/architecture.md', () => {
  it('has every error code of the code once, with its scope, and no other', () => {
    const table = inTable();
    expect(table.length).toBeGreaterThan(80);
    expect(table.filter((line, index) => table.indexOf(line) < index)).toEqual([]);
    expect(table.toSorted()).toEqual([...inCode()].toSorted());
  });
});
