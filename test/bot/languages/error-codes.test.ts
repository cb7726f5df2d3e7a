import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { describe, expect, it } from 'vitest';
import { languages } from '../../../src/bot/languages/choose-messages.ts';
import { userErrorCodes } from '../../../src/bot/languages/messages.ts';
import { pictureErrorCodes } from '../../../src/media/check-file.ts';
import { limitErrorCodes } from '../../../src/queue/admission.ts';

/** Folders whose errors are read at a terminal; nothing of them runs in the bot. */
const terminalFolders = ['cli', 'hub', 'fake-discord', 'playground'];

/** Where a code is no literal beside `new UserError(`, and the codes that can come from there. */
const listed: Readonly<Record<string, readonly string[]>> = {
  'queue/admission.ts': limitErrorCodes,
  'media/check-file.ts': pictureErrorCodes,
  // These two make an error again that was thrown elsewhere.
  'storage/final-notice.ts': [],
  'worker/wire-error.ts': [],
};

type Node = { type: string; [field: string]: unknown };

/** Every node of a tree, each with the node it stands in. */
function nodesOf(value: unknown, parent: Node | undefined): { node: Node; parent: Node | undefined }[] {
  if (Array.isArray(value)) return value.flatMap((item) => nodesOf(item, parent));
  if (typeof value !== 'object' || value === null) return [];
  if (!('type' in value)) return Object.values(value).flatMap((item) => nodesOf(item, parent));
  const node = value as Node;
  return [{ node, parent }, ...Object.values(node).flatMap((item) => nodesOf(item, node))];
}

function parse(source: string): { node: Node; parent: Node | undefined }[] {
  const { program, errors } = parseSync('source.ts', source);
  if (errors.length > 0) throw new Error(errors[0]!.message);
  return nodesOf(program, undefined);
}

/** A string, or what a choice between strings can be; undefined where that cannot be read. */
function literals(node: Node | undefined): string[] | undefined {
  if (node?.type === 'Literal' && typeof node.value === 'string') return [node.value];
  if (node?.type !== 'ConditionalExpression') return undefined;
  const [yes, no] = [literals(node.consequent as Node), literals(node.alternate as Node)];
  return yes && no && [...yes, ...no];
}

/** Where the class is named without making an error. */
function isHarmless(node: Node, parent: Node | undefined): boolean {
  if (parent?.type === 'BinaryExpression') return parent.operator === 'instanceof' && parent.right === node;
  return parent?.type === 'ImportSpecifier' || parent?.type === 'TSTypeReference';
}

/** What a source throws: codes written beside `new UserError(`, and whether it makes such errors in another way too. */
function thrownIn(source: string): { codes: string[]; hasOthers: boolean } {
  const codes: string[] = [];
  let hasOthers = false;
  if (!source.includes('UserError')) return { codes, hasOthers };
  for (const { node, parent } of parse(source)) {
    if (node.type !== 'Identifier' || node.name !== 'UserError' || isHarmless(node, parent)) continue;
    const isMade = parent?.type === 'NewExpression' && parent.callee === node;
    const found = isMade ? literals((parent.arguments as Node[])[0]) : undefined;
    if (found === undefined) hasOthers = true;
    else codes.push(...found);
  }
  return { codes, hasOthers };
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && path !== 'errors.ts')
  .filter((path) => !terminalFolders.includes(path.split('/')[0]!))
  .map((path) => ({ path, source: readFileSync(join('src', path), 'utf8') }))
  .map((file) => ({ ...file, ...thrownIn(file.source) }));

/** Codes by where they are thrown. */
const thrown = sources.flatMap(({ path, codes }) =>
  [...codes, ...(listed[path] ?? [])].map((code) => ({ path, code })),
);

describe('the codes of a UserError', () => {
  it('are written where they are thrown, or listed here', () => {
    const unlisted = sources.filter(({ path, hasOthers }) => hasOthers && listed[path] === undefined);
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
      "throw new UserError(isLate ? 'too-late' : code, message);",
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
    const others = sources.filter(({ path }) => !path.startsWith('bot/languages/'));
    const unused = Object.values(listed)
      .flat()
      .filter((code) => others.reduce((sum, { source }) => sum + source.split(`'${code}'`).length - 1, 0) < 2);
    expect(unused).toEqual([]);
  });
});
