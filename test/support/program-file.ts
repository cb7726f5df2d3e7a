import { resolve } from 'node:path';
import { inject } from 'vitest';

/**
 * What Node runs instead of a program's source: the file that bundle-children.ts made of it.
 * @param source its path from the root
 */
export function programFile(source: string): string {
  const file = inject('childBundles')[resolve(source)];
  if (file === undefined) throw new Error(`Nothing was made of ${source} before the tests.`);
  return file;
}
