import { readFileSync, writeFileSync } from 'node:fs';

const resultsFile = new URL('../RESULTS.md', import.meta.url);

const part = /<!-- (\S+) -->\n[\s\S]*?\n<!-- end of \1 -->/g;

/** Parts of bench/RESULTS.md that measurements of their own wrote, whole; the report is written anew around them. */
export function readParts(): string[] {
  return [...readFileSync(resultsFile, 'utf8').matchAll(part)].map(([text]) => text);
}

/** Puts a part of bench/RESULTS.md in the place of the one of that name, or at the end. */
export function writePart(name: string, markdown: string): void {
  const text = `<!-- ${name} -->\n${markdown}\n<!-- end of ${name} -->`;
  const before = readFileSync(resultsFile, 'utf8');
  const old = readParts().find((one) => one.startsWith(`<!-- ${name} -->`));
  writeFileSync(resultsFile, old === undefined ? `${before.trimEnd()}\n\n${text}\n` : before.replace(old, () => text));
}
