import { type FileHandle, open } from 'node:fs/promises';
import { DownloadError } from '../../errors.ts';

/** What a loader reads of a 64-bit shared library. */
export interface ElfLibrary {
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  machine: number;
  soname: string | undefined;
  /** DT_NEEDED: libraries that must be found with it, in order. */
  needed: string[];
  /** Folders of DT_RUNPATH or DT_RPATH, as written (`$ORIGIN` is the library's own). */
  runpath: string[];
}

export const machineX64 = 62;

const typeSharedObject = 3;
const segmentLoad = 1;
const segmentDynamic = 2;
const tag = { end: 0, needed: 1, stringTable: 5, stringTableBytes: 10, soname: 14, rpath: 15, runpath: 29 } as const;
const headerBytes = 64;
const segmentBytes = 56;
const entryBytes = 16;

/** A provider library has a dozen of each; nothing honest comes near these. */
const limits = { segments: 256, dynamicBytes: 2 ** 16, stringTableBytes: 2 ** 24, stringBytes: 4096 } as const;

interface Segment {
  type: number;
  offset: number;
  address: number;
  fileBytes: number;
}

/**
 * Reads the dynamic section of a shared library, a few kilobytes of it however large it is.
 * @throws DownloadError `not-a-library` it is no 64-bit little-endian ELF shared object, or is damaged
 */
export async function readElf(path: string): Promise<ElfLibrary> {
  const file = await open(path, 'r');
  try {
    return await read(file, path);
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, path: string): Promise<ElfLibrary> {
  const header = await slice(file, path, { offset: 0, bytes: headerBytes });
  const isElf = header.readUInt32BE(0) === 0x7f454c46;
  const is64BitLittleEndian = header[4] === 2 && header[5] === 1;
  if (!isElf || !is64BitLittleEndian) throw damaged(path, 'it is not a 64-bit little-endian ELF file');
  if (header.readUInt16LE(16) !== typeSharedObject) throw damaged(path, 'it is not a shared object');
  const segments = await readSegments(file, path, header);
  const dynamic = segments.find(({ type }) => type === segmentDynamic);
  if (dynamic === undefined) throw damaged(path, 'it has no dynamic section');
  const entries = await readDynamic(file, path, dynamic);

  const table = { address: firstOf(entries, tag.stringTable), bytes: firstOf(entries, tag.stringTableBytes) };
  if (table.address === undefined || table.bytes === undefined || table.bytes > limits.stringTableBytes) {
    throw damaged(path, 'its string table is missing or too large');
  }
  const offset = fileOffset(segments, table.address);
  if (offset === undefined) throw damaged(path, 'its string table lies outside the file');
  const strings = await slice(file, path, { offset, bytes: table.bytes });
  const textsOf = (...tags: number[]) =>
    entries.filter((entry) => tags.includes(entry.tag)).map((entry) => stringAt(strings, path, entry.value));
  return {
    machine: header.readUInt16LE(18),
    soname: textsOf(tag.soname)[0],
    needed: textsOf(tag.needed),
    runpath: textsOf(tag.runpath, tag.rpath).flatMap((list) => list.split(':').filter((folder) => folder !== '')),
  };
}

async function readSegments(file: FileHandle, path: string, header: Buffer): Promise<Segment[]> {
  const count = header.readUInt16LE(56);
  if (header.readUInt16LE(54) !== segmentBytes || count > limits.segments) throw damaged(path, 'its segments are odd');
  const offset = toNumber(header.readBigUInt64LE(32), path);
  const table = await slice(file, path, { offset, bytes: count * segmentBytes });
  return Array.from({ length: count }, (_, index) => {
    const start = index * segmentBytes;
    return {
      type: table.readUInt32LE(start),
      offset: toNumber(table.readBigUInt64LE(start + 8), path),
      address: toNumber(table.readBigUInt64LE(start + 16), path),
      fileBytes: toNumber(table.readBigUInt64LE(start + 32), path),
    };
  });
}

async function readDynamic(file: FileHandle, path: string, { offset, fileBytes }: Segment) {
  if (fileBytes > limits.dynamicBytes) throw damaged(path, 'its dynamic section is too large');
  const bytes = await slice(file, path, { offset, bytes: fileBytes });
  const entries: { tag: number; value: number }[] = [];
  for (let start = 0; start + entryBytes <= bytes.length; start += entryBytes) {
    const entryTag = bytes.readBigUInt64LE(start);
    if (entryTag === BigInt(tag.end)) break;
    // Tags of operating systems and processors have high bits set: none that matter here.
    if (entryTag > 100n) continue;
    entries.push({ tag: Number(entryTag), value: toNumber(bytes.readBigUInt64LE(start + 8), path) });
  }
  return entries;
}

function firstOf(entries: readonly { tag: number; value: number }[], wanted: number): number | undefined {
  return entries.find((entry) => entry.tag === wanted)?.value;
}

/** Addresses of the loaded library, back to where the bytes lie in the file. */
function fileOffset(segments: readonly Segment[], address: number): number | undefined {
  const around = segments.find(
    (segment) =>
      segment.type === segmentLoad && address >= segment.address && address < segment.address + segment.fileBytes,
  );
  return around === undefined ? undefined : around.offset + (address - around.address);
}

function stringAt(strings: Buffer, path: string, start: number): string {
  const end = strings.indexOf(0, start);
  if (start >= strings.length || end === -1 || end - start > limits.stringBytes)
    throw damaged(path, 'a name is cut off');
  return strings.toString('latin1', start, end);
}

async function slice(
  file: FileHandle,
  path: string,
  { offset, bytes }: { offset: number; bytes: number },
): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, offset + done);
    if (bytesRead === 0) throw damaged(path, 'it ends too early');
    done += bytesRead;
  }
  return buffer;
}

function toNumber(value: bigint, path: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(path, 'an offset in it is absurd');
  return Number(value);
}

function damaged(path: string, what: string): DownloadError {
  return new DownloadError('not-a-library', `${path} can't be used as a library: ${what}.`);
}
