import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import type { Dtype } from './dtype.ts';
import { safetensorsError } from './json-cursor.ts';
import { maxHeaderBytes } from './limits.ts';
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

/**
 * Reads and checks the header of a .safetensors file, which may be hostile; the tensors themselves stay on disk.
 * @throws SafetensorsError naming the path and, where one is at fault, the tensor
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const { file, handle } = await openRegularFile(path);
  try {
    const fileBytes = (await handle.stat()).size;
    const headerBytes = await readHeaderLength(handle, file, fileBytes);
    const header = Buffer.alloc(headerBytes);
    await readFully(handle, file, header, lengthPrefixBytes);
    const dataStart = lengthPrefixBytes + headerBytes;
    const { metadata, tensors } = parseHeader(decodeUtf8(header, file), file, fileBytes - dataStart);
    const entries = new Map<string, TensorEntry>();
    for (const { name, dtype, shape, begin, end } of tensors) {
      entries.set(name, { name, dtype, shape, file, offset: dataStart + begin, sizeBytes: end - begin });
    }
    return { path: file, metadata, tensors: entries };
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
    throw safetensorsError('not-readable', { path }, 'the file cannot be found or read.', cause);
  }
  throw safetensorsError('not-readable', { path }, 'this is not a regular file.');
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
  if (fileBytes < lengthPrefixBytes) {
    throw safetensorsError('truncated', { path }, `the file has only ${fileBytes} bytes.`);
  }
  const prefix = Buffer.alloc(lengthPrefixBytes);
  await readFully(handle, path, prefix, 0);
  const length = prefix.readBigUInt64LE(0);
  if (length > BigInt(maxHeaderBytes)) {
    throw safetensorsError('header-too-large', { path }, `the header claims ${length} bytes, over ${maxHeaderBytes}.`);
  }
  if (Number(length) > fileBytes - lengthPrefixBytes) {
    throw safetensorsError('truncated', { path }, `the header claims ${length} bytes, the file has ${fileBytes}.`);
  }
  return Number(length);
}
