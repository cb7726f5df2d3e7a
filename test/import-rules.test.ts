import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mayImport, packageHomes } from './import-table.ts';
import { checkImports } from './support/check-imports.ts';
import { page, withPicture } from './support/draw-imports.ts';
import { importsOf, readImports } from './support/read-imports.ts';

const rules = { mayImport, packageHomes };

it('every import of src follows test/import-table.ts, and none is part of a cycle', () => {
  const files = readImports('src');
  expect(files.length).toBeGreaterThan(200);
  expect(checkImports(files, rules)).toEqual([]);
});

it('docs/architecture.md shows the folders’ imports as they are: `npm run fix` draws them', () => {
  const text = readFileSync(page, 'utf8');
  expect(text).toContain('<!-- imports -->');
  expect(withPicture(text)).toBe(text);
});

it('a worker on another host loads nothing of Discord', () => {
  const files = new Map(readImports('src').map((file) => [file.path, file]));
  const reached = new Set(['cli/worker.ts']);
  for (const path of reached) for (const next of files.get(path)!.files) reached.add(next);
  expect([...reached].filter((path) => /^(bot|commands)\//.test(path))).toEqual([]);
  expect([...reached].filter((path) => files.get(path)!.packages.includes('discord.js'))).toEqual([]);
});

describe('the check', () => {
  const table = {
    mayImport: { a: [], 'a/inner': ['a'], b: ['a'], all: ['*'] },
    packageHomes: { sharp: ['a', 'b/one.ts'] },
  };
  const check = (sources: Record<string, string>) =>
    checkImports(
      Object.entries(sources).map(([path, source]) => importsOf(path, source)),
      table,
    );

  it.each([
    ['a folder that may not be imported', { 'a/x.ts': "import { y } from '../b/y.ts';" }, 'a/x.ts imports b/y.ts'],
    ['a type', { 'a/x.ts': "import type { Y } from '../b/y.ts';" }, 'a/x.ts imports b/y.ts'],
    ['a re-export', { 'a/x.ts': "export { y } from '../b/y.ts';" }, 'a/x.ts imports b/y.ts'],
    ['an import at run time', { 'a/x.ts': "await import('../b/y.ts');" }, 'a/x.ts imports b/y.ts'],
    ['a folder inside', { 'b/x.ts': "import { y } from '../a/inner/y.ts';" }, 'b/x.ts imports a/inner/y.ts'],
    ['a package away from home', { 'b/x.ts': "import sharp from 'sharp';" }, 'b/x.ts imports sharp'],
    ['a folder without rules', { 'c/x.ts': '' }, 'c/x.ts: c has no rules'],
    [
      'a cycle, of types alone too',
      { 'a/x.ts': "import type { Y } from './y.ts';", 'a/y.ts': "import type { X } from './x.ts';" },
      'cycle: a/x.ts -> a/y.ts -> a/x.ts',
    ],
  ])('finds %s', (_, sources, problem) => {
    expect(check(sources)).toEqual([problem]);
  });

  it('lets the rest be', () => {
    const sources = {
      'b/one.ts': "import sharp from 'sharp'; import { x } from '../a/x.ts'; import { AppError } from '../errors.ts';",
      'a/x.ts':
        "import { readFileSync } from 'node:fs'; import { z } from '../util/z.ts'; import { s } from '../settings/s.ts';",
      'all/x.ts': "import { y } from '../b/y.ts';",
    };
    expect(check(sources)).toEqual([]);
  });

  it('refuses what it cannot read', () => {
    expect(() => importsOf('a/x.ts', 'await import(name);')).toThrow('cannot be read');
    expect(() => importsOf('a/x.ts', 'import {')).toThrow('cannot be parsed');
  });
});
