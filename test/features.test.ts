import { existsSync, readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';
import { expect, it } from 'vitest';
import { nodesIn } from './support/syntax-tree.ts';

const titlers = new Set(['it', 'test', 'describe']);

/** The whole titles of a file's tests and groups, as written: of `it.each` the pattern. */
function titlesIn(file: string): Set<string> {
  const titles = new Set<string>();
  for (const node of nodesIn(parseSync(file, readFileSync(file, 'utf8')).program)) {
    if (node.type !== 'CallExpression') continue;
    const [first] = node.arguments as { type: string; value?: unknown }[];
    if (first?.type === 'Literal' && typeof first.value === 'string' && titlers.has(rootName(node.callee))) {
      titles.add(first.value);
    }
  }
  return titles;
}

/** `it` of `it`, `it.each(…)` and `it.runIf(…)`. */
function rootName(callee: unknown): string {
  let node = callee as { type: string; object?: unknown; callee?: unknown; tag?: unknown; name?: string };
  while (node.type !== 'Identifier') {
    const next = node.object ?? node.callee ?? node.tag;
    if (next === undefined) return '';
    node = next as typeof node;
  }
  return node.name ?? '';
}

it('docs/features.md names tests that exist by their whole titles, one for every mark in its tables', () => {
  const page = readFileSync('docs/features.md', 'utf8');
  const named = [...page.matchAll(/^(\d+) `(test\/[^`]+)` "(.+)"$/gm)];
  expect(named.length).toBeGreaterThan(30);
  const missing = named.filter(([, , file, title]) => !existsSync(file!) || !titlesIn(file!).has(title!));
  expect(missing.map(([line]) => line)).toEqual([]);
  const numbers = named.map(([, number]) => Number(number));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));

  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  const marks = [...page.matchAll(/[⁰¹²³⁴⁵⁶⁷⁸⁹]+/gu)].map(([mark]) =>
    Number([...mark].map((digit) => digits.indexOf(digit)).join('')),
  );
  expect(marks).toEqual(numbers);
});
