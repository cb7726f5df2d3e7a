import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { languages } from '../../../src/bot/languages/choose-texts.ts';
import { userErrorCodes } from '../../../src/bot/languages/texts.ts';
import { limitErrorCodes } from '../../../src/jobs/admission.ts';
import { pictureErrorCodes } from '../../../src/media/picture-errors.ts';

/** Folders whose errors are read at a terminal; nothing of them runs in the bot. */
const terminalFolders = ['cli', 'hub', 'fake-discord', 'playground'];

/** Where a code is no literal beside `new UserError(`, and the codes that can come from there. */
const listed: Readonly<Record<string, readonly string[]>> = {
  'jobs/admission.ts': limitErrorCodes,
  'media/picture-errors.ts': pictureErrorCodes,
  // These two make an error again that was thrown elsewhere.
  'jobs/last-word.ts': [],
  'render/wire-error.ts': [],
};

/** A source without comments, and without what it imports. */
function codeOf(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1')
    .replace(/^import\s[^;]*;/gm, '');
}

/** What a source throws: codes written beside `new UserError(`, and whether it makes such errors in another way too. */
function thrownIn(source: string): { codes: string[]; hasOthers: boolean } {
  const code = codeOf(source);
  const literals = [...code.matchAll(/new UserError\(\s*'([a-z-]+)'\s*[,)]/g)].map((match) => match[1]!);
  // `UserError` may also stand behind instanceof and as a type; everything else makes one, or lets others make it.
  const uses = [...code.matchAll(/(instanceof |[:|] |=> |new )?\bUserError\b(\()?/g)];
  const made = uses.filter(([, before = '', call]) => before === 'new ' || before === '' || call !== undefined);
  return { codes: literals, hasOthers: made.length > literals.length };
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && path !== 'errors.ts')
  .filter((path) => !terminalFolders.includes(path.split('/')[0]!))
  .map((path) => ({ path, source: readFileSync(join('src', path), 'utf8') }));

/** Codes by where they are thrown. */
const thrown = sources.flatMap(({ path, source }) =>
  [...thrownIn(source).codes, ...(listed[path] ?? [])].map((code) => ({ path, code })),
);

describe('the codes of a UserError', () => {
  it('are written where they are thrown, or listed here', () => {
    const unlisted = sources.filter(({ path, source }) => thrownIn(source).hasOthers && listed[path] === undefined);
    expect(unlisted.map(({ path }) => path)).toEqual([]);
    expect(thrown.length).toBeGreaterThan(50);
  });

  it('would be missed in no other form', () => {
    expect(thrownIn("throw new UserError('too-late', 'Too late.');")).toEqual({
      codes: ['too-late'],
      hasOthers: false,
    });
    for (const other of [
      'throw new UserError(code, message);',
      'throw new UserError(`too-$' + '{what}`, message);',
      "throw new UserError(isLate ? 'too-late' : 'too-early', message);",
      'class LateError extends UserError {}',
      'const classes = { UserError, ConfigError };',
      "const make = UserError; throw new make('too-late', message);",
    ]) {
      expect([other, thrownIn(other).hasOthers]).toEqual([other, true]);
    }
    for (const none of [
      "import { UserError } from '../errors.ts';",
      'if (error instanceof UserError) throw error;',
      'function limitError(): UserError {}',
      '/** @throws UserError too late */',
    ]) {
      expect([none, thrownIn(none)]).toEqual([none, { codes: [], hasOthers: false }]);
    }
  });

  it('have a text in every language', () => {
    const known: readonly string[] = userErrorCodes;
    expect(thrown.filter(({ code }) => !known.includes(code))).toEqual([]);
    for (const { errors } of Object.values(languages)) expect(Object.keys(errors).sort()).toEqual([...known].sort());
  });

  it('are thrown somewhere, each of them', () => {
    const codes = new Set(thrown.map(({ code }) => code));
    expect(userErrorCodes.filter((code) => !codes.has(code))).toEqual([]);
    // What is listed is thrown too: it is written once in its list, and once more.
    const all = sources
      .filter(({ path }) => !path.startsWith('bot/languages/'))
      .map(({ source }) => codeOf(source))
      .join('\n');
    const unused = Object.values(listed)
      .flat()
      .filter((code) => all.split(`'${code}'`).length - 1 < 2);
    expect(unused).toEqual([]);
  });
});
