import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('docs/features.md names tests that exist, one for every mark in its tables', () => {
  const page = readFileSync('docs/features.md', 'utf8');
  const named = [...page.matchAll(/^(\d+) `(test\/[^`]+)` "([^"]+)"$/gm)];
  expect(named.length).toBeGreaterThan(30);
  const missing = named.filter(
    ([, , file, title]) => !existsSync(file!) || !readFileSync(file!, 'utf8').includes(title!),
  );
  expect(missing.map(([line]) => line)).toEqual([]);
  const numbers = named.map(([, number]) => Number(number));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));

  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  const marks = [...page.matchAll(/[⁰¹²³⁴⁵⁶⁷⁸⁹]+/gu)].map(([mark]) =>
    Number([...mark].map((digit) => digits.indexOf(digit)).join('')),
  );
  expect(marks).toEqual(numbers);
});
