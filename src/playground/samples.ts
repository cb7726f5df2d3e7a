import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileInput } from '../fake-discord/types.ts';
import type { SamplePicture } from './protocol.ts';

/** The pictures that ship with Kinora. */
export interface Samples {
  list: SamplePicture[];
  /** Undefined for a name that is none of theirs. */
  find(name: string): FileInput | undefined;
}

/** A line of the table in SOURCES.md: file, size, what it shows, author, terms. */
const row = /^\| `([\w.-]+)` \| [^|]* \| ([^|]+) \| ([^|]+) \| ([^|]+) \|/gm;

/** Reads the pictures that SOURCES.md of a folder lists, with their credits from there. */
export async function readSamples(folder: string): Promise<Samples> {
  const sources = await readFile(join(folder, 'SOURCES.md'), 'utf8');
  const files = new Map<string, FileInput>();
  const list: SamplePicture[] = [];
  for (const [, name = '', what = '', author = '', terms = ''] of sources.matchAll(row)) {
    files.set(name, { name, bytes: await readFile(join(folder, name)) });
    list.push({ name, url: `/samples/${name}`, credit: `${what}. ${withoutLinks(author)}, ${terms}` });
  }
  return { list, find: (name) => files.get(name) };
}

function withoutLinks(markdown: string): string {
  return markdown.replaceAll(/ ?\(\[[^\]]*\]\([^)]*\)\)/g, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
}
