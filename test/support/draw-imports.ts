import { readFileSync, writeFileSync } from 'node:fs';
import { mayImport, packageHomes } from '../import-table.ts';
import { drawImports } from './check-imports.ts';
import { readImports } from './read-imports.ts';

/** The page that shows the picture of the folders. */
export const page = 'docs/architecture.md';

const block = /(<!-- imports -->\n```mermaid\n)[\s\S]*?(\n```)/;

/** The page with the picture as it is now. */
export function withPicture(text: string): string {
  const picture = drawImports(readImports('src'), { mayImport, packageHomes });
  return text.replace(block, (_, before: string, after: string) => `${before}${picture}${after}`);
}

// `npm run fix` runs this file.
if (import.meta.filename === process.argv[1]) writeFileSync(page, withPicture(readFileSync(page, 'utf8')));
