import { type FileHandle, lstat, open, readlink, realpath, stat } from 'node:fs/promises';
import { foreignFormat, foreignPrefixBytes } from './foreign-file.ts';
import { type Dtype, maxHeaderBytes } from './format.ts';
import { safetensorsError } from './json-cursor.ts';
import { parseHeader } from './parse-header.ts';

/** Where one tensor lies: everything a reader or ONNX Runtime needs to find its bytes. */
export interface TensorEntry {
  name: string;
  dtype: Dtype;
  /** Outermost dimension first; `[]` is a scalar. */
  shape: readonly number[];
  /** Absolute path with every symbolic link resolved. */
  file: string;
  /** From the start of the file, in bytes. */
  offset: number;
  sizeBytes: number;
  /** The file has the matrix as its transpose: columns of `shape` one after another. */
  transposed?: true;
  /** Values that no file has; `file` and `offset` say nothing then. */
  bytes?: Uint8Array;
}

/** A .safetensors file's header, checked; no tensor has been read. */
export interface SafetensorsFile {
  /** Absolute path with every symbolic link resolved. */
  path: string;
  metadata: ReadonlyMap<string, string>;
  /** In the order of the header. */
  tensors: ReadonlyMap<string, TensorEntry>;
}

/** The length of the header, as a little-endian u64, stands before it. */
const lengthPrefixBytes = 8;

/** Files that were read, by path, with what they were then; the one that was asked for last at the end. */
const known = new Map<string, { state: string; read: SafetensorsFile }>();
const mostKnown = 16;
const mostKnownHeaderBytes = 2 ** 21;

/** Soon after a change another one may leave a file's times as they are: they are as coarse as the file system has them. */
const unsettledMs = 2000;

/**
 * Reads and checks the header of a .safetensors file, which may be hostile; the tensors themselves stay on disk. While the
 * file stays as it is its header is read once: a clip asks for each of its model's several times.
 * @throws SafetensorsError naming the path and, where one is at fault, the tensor
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const { file, handle } = await openRegularFile(path);
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await handle.stat({ bigint: true });
    const state = [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    const isSettled = Date.now() - Number(ctimeMs) > unsettledMs;
    const before = known.get(file);
    known.delete(file);
    if (before?.state === state) {
      known.set(file, before);
      return before.read;
    }
    const fileBytes = Number(size);
    const headerBytes = await readHeaderLength(handle, file, fileBytes);
    const header = Buffer.alloc(headerBytes);
    await readFully(handle, file, header, lengthPrefixBytes);
    const dataStart = lengthPrefixBytes + headerBytes;
    const { metadata, tensors } = parseHeader(decodeUtf8(header, file), file, fileBytes - dataStart);
    const entries = new Map<string, TensorEntry>();
    for (const { name, dtype, shape, begin, end } of tensors) {
      entries.set(name, { name, dtype, shape, file, offset: dataStart + begin, sizeBytes: end - begin });
    }
    const read = { path: file, metadata, tensors: entries };
    if (isSettled && headerBytes <= mostKnownHeaderBytes) known.set(file, { state, read });
    const [oldest] = known.keys();
    if (known.size > mostKnown && oldest !== undefined) known.delete(oldest);
    return read;
  } finally {
    await handle.close();
  }
}

/**
 * Opens a regular file for reading; the caller closes the handle.
 * @returns the handle and the absolute path with its links resolved
 * @throws SafetensorsError no such file, or no right to read it, or something that is not a file
 */
export async function openRegularFile(path: string): Promise<{ file: string; handle: FileHandle }> {
  try {
    const file = await realpath(path);
    // Asked before opening: to open a pipe would wait for ever.
    if ((await stat(file)).isFile()) return { file, handle: await open(file, 'r') };
  } catch (cause) {
    const target = await danglingTarget(path);
    const problem = target === undefined ? 'the file cannot be found or read.' : danglingText(target);
    throw safetensorsError('not-readable', { path }, problem, cause);
  }
  throw safetensorsError('not-readable', { path }, 'this is not a regular file.');
}

/** Where a symbolic link leads to that leads nowhere; undefined: it is none, or what it leads to is there. */
export async function danglingTarget(path: string): Promise<string | undefined> {
  const isLink = await lstat(path).then(
    (entry) => entry.isSymbolicLink(),
    () => false,
  );
  if (!isLink) return undefined;
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere ? undefined : readlink(path);
}

/** What to do about a link that leads nowhere. Hugging Face's cache is made of links to its `blobs`, which can be pruned. */
export function danglingText(target: string): string {
  return `this is a link to ${target}, which is not there (was a cache pruned, or a disk not mounted?). Fetch the file again.`;
}

/**
 * Fills `target` from the file's `position` on.
 * @throws SafetensorsError the file ends before that, or cannot be read
 */
export async function readFully(handle: FileHandle, path: string, target: Uint8Array, position: number): Promise<void> {
  const largestReadBytes = 2 ** 30; // one read call cannot carry more than 2^31 bytes
  for (let done = 0; done < target.length; ) {
    const length = Math.min(target.length - done, largestReadBytes);
    const { bytesRead } = await handle.read(target, done, length, position + done).catch((cause: unknown) => {
      throw safetensorsError('not-readable', { path }, `byte ${position + done} cannot be read.`, cause);
    });
    if (bytesRead === 0) throw safetensorsError('truncated', { path }, `the file ends at byte ${position + done}.`);
    done += bytesRead;
  }
}

/**
 * Text of UTF-8 bytes.
 * @throws SafetensorsError the bytes are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw safetensorsError('bad-json', { path }, 'the text is not UTF-8.', cause);
  }
}

async function readHeaderLength(handle: FileHandle, path: string, fileBytes: number): Promise<number> {
  const prefix = Buffer.alloc(Math.min(foreignPrefixBytes, fileBytes));
  await readFully(handle, path, prefix, 0);
  // A header begins with its brace.
  const foreign = prefix[lengthPrefixBytes] === 0x7b ? undefined : foreignFormat(prefix);
  if (foreign !== undefined) throw safetensorsError(foreign.name, { path }, foreign.text);
  if (fileBytes < lengthPrefixBytes) {
    throw safetensorsError('truncated', { path }, `the file has only ${fileBytes} bytes.`);
  }
  const length = prefix.readBigUInt64LE(0);
  if (length > BigInt(maxHeaderBytes)) {
    throw safetensorsError('header-too-large', { path }, `the header claims ${length} bytes, over ${maxHeaderBytes}.`);
  }
  if (Number(length) > fileBytes - lengthPrefixBytes) {
    throw safetensorsError('truncated', { path }, `the header claims ${length} bytes, the file has ${fileBytes}.`);
  }
  return Number(length);
}
