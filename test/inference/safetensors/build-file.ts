import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One entry of a header, with values of any kind so that tests can be hostile. */
export interface HeaderEntry {
  dtype: unknown;
  shape: unknown;
  data_offsets: unknown;
}

/** The bytes of a .safetensors file: length prefix, header (a string is taken as it is), data. */
export function safetensorsBytes(
  header: Record<string, unknown> | string,
  data: Uint8Array = new Uint8Array(),
): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}

/** The header entry of `count` float32 values that begin at byte `begin` of the data. */
export function floatEntry(begin: number, count: number): HeaderEntry {
  return { dtype: 'F32', shape: [count], data_offsets: [begin, begin + 4 * count] };
}

/** Calls `use` with a fresh folder that holds `files`; the folder is gone afterwards. */
export async function withFolder(
  files: Record<string, Uint8Array | string>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kinora-safetensors-'));
  try {
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
