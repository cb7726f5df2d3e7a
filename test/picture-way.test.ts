import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const text = readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8');
const table = text.slice(text.indexOf('<!-- picture-way -->'), text.indexOf('<!-- /picture-way -->'));
const rows = table
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, number]) => /^\d+$/.test(number ?? ''));
const hops = rows.map(([, number, file, name]) => ({ number: Number(number), file: bare(file), name: bare(name) }));

const cancelling = text.slice(text.indexOf('### How Cancel travels'), text.indexOf('## Whose fault a failure is'));
const mentions = mentionsIn(cancelling);

const callbackList = text.slice(text.indexOf('<!-- callbacks -->'), text.indexOf('<!-- /callbacks -->'));
const callbacks = mentionsIn(callbackList);

/** "`name` in `file`", also where a line ends in between. */
function mentionsIn(part: string) {
  return [...part.matchAll(/`(\w+)` in\s+`([\w/-]+\.ts)`/g)].map(([, name, file]) => ({ name: name!, file: file! }));
}

function bare(cell = ''): string {
  return cell.replaceAll('`', '');
}

/** Whether the file declares a function, method or property of that name. */
function declares(file: string, name: string): boolean {
  const path = new URL(`../src/${file}`, import.meta.url);
  if (!existsSync(path)) return false;
  const source = readFileSync(path, 'utf8');
  const declaration = new RegExp(`^(export )?(async )?function\\*? ${name}[<(]|^(export )?const ${name}\\b`, 'm');
  const inner = new RegExp(`^\\s+((async )?function\\*? ${name}[<(]|(async )?\\*?${name}\\(.*\\{$|${name}\\??: )`, 'm');
  return declaration.test(source) || inner.test(source);
}

it.each(hops)("a picture's way names what exists: $number, $name in $file", ({ file, name }) => {
  expect(declares(file, name)).toBe(true);
});

it.each(mentions)('the way of Cancel names what exists: $name in $file', ({ file, name }) => {
  expect(declares(file, name)).toBe(true);
});

it.each(callbacks)("a picture's way calls back what exists: $name in $file", ({ file, name }) => {
  expect(declares(file, name)).toBe(true);
});

it("a picture's way is twenty-eight steps at most, each in a file of its own", () => {
  expect(hops.length).toBeLessThanOrEqual(28);
  // The store keeps the job, and later the clip.
  const files = hops.map(({ file }) => file).filter((file) => file !== 'storage/job-store.ts');
  expect(files).toEqual([...new Set(files)]);
});

it('the callbacks of the way are ten at most, and all of them are read', () => {
  expect(callbacks.length).toBeGreaterThan(0);
  expect(callbacks.length).toBeLessThanOrEqual(10);
  expect(callbackList.match(/^\d+\. /gm)).toEqual(callbacks.map((_, index) => `${index + 1}. `));
});

it('the steps of the way are numbered in order, and both lists are read', () => {
  expect(hops.length).toBeGreaterThan(20);
  expect(hops.map(({ number }) => number)).toEqual(hops.map((_, index) => index + 1));
  expect(mentions.length).toBeGreaterThan(8);
  expect(declares('worker/make-clip.ts', 'makeClip')).toBe(true);
  expect(declares('worker/make-clip.ts', 'makeClips')).toBe(false);
  expect(declares('worker/make-clips.ts', 'makeClip')).toBe(false);
});
