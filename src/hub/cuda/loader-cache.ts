import { readFile } from 'node:fs/promises';

const magic = 'glibc-ld.so.cache1.1';
const headerBytes = 48;
const entryBytes = 24;
const maxCacheBytes = 2 ** 24;

/**
 * Sonames and paths of glibc's loader cache (/etc/ld.so.cache), in the loader's order: what `ldconfig -p` prints.
 * Empty where there is no cache or it has another format.
 */
export async function readLoaderCache(path: string): Promise<{ soname: string; path: string }[]> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined || bytes.length > maxCacheBytes) return [];
  // Before glibc 2.32 an older table may stand in front; offsets count from this header.
  const start = bytes.indexOf(magic, 0, 'latin1');
  if (start === -1) return [];
  const cache = bytes.subarray(start);
  if (cache.length < headerBytes) return [];
  const count = cache.readUInt32LE(20);
  if (headerBytes + count * entryBytes > cache.length) return [];
  return Array.from({ length: count }, (_, index) => {
    const entry = headerBytes + index * entryBytes;
    return {
      soname: stringAt(cache, cache.readUInt32LE(entry + 4)),
      path: stringAt(cache, cache.readUInt32LE(entry + 8)),
    };
  });
}

function stringAt(cache: Buffer, start: number): string {
  const end = cache.indexOf(0, start);
  return start >= cache.length || end === -1 ? '' : cache.toString('latin1', start, end);
}
