import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { AppError, DownloadError } from '../../errors.ts';

/** A library that can be copied: in an archive or a folder. */
export interface LibrarySource {
  name: string;
  sizeBytes: number;
  /** The archive or file that it comes from. */
  origin: string;
  /** As the archive's own list says, in hex. */
  sha256: string | undefined;
  open(): Promise<Readable>;
}

/** Libraries, and what has to be closed once they are copied. */
export interface LibrarySources {
  libraries: LibrarySource[];
  close(): void;
}

/** The provider and the bridge that ONNX Runtime loads it by. Packages have TensorRT's too, which Kinora does not use. */
export const providerLibraries = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;

/** What the provider opens of CUDA and cuDNN 9, by the names that it opens: not their longer ones, nor the tools'. */
const cudaLibrary =
  /^lib(cudart|cublas|cublasLt|curand|cufft|nvrtc|nvJitLink|cudnn|cudnn_[a-z_]+)\.so\.\d+$|^libnvrtc-builtins\.so\.\d+\.\d+$/;

/** No library is near this size; a zip may claim anything. */
const maxLibraryBytes = 4 * 2 ** 30;

/** Deeper than Python's and CUDA's own folders. */
const maxDepth = 8;

/**
 * The libraries of a wheel (.whl), a NuGet package (.nupkg), or a folder with libraries or such archives in it, in any
 * depth.
 * @throws DownloadError `not-found` there is no such file; `bad-archive` it is damaged, or is none
 */
export async function listLibraries(path: string): Promise<LibrarySources> {
  const entry = await stat(path).catch((cause: unknown) => {
    throw new DownloadError('not-found', `${path} is not there.`, { cause });
  });
  if (!entry.isDirectory()) return listArchive(path);
  const libraries: LibrarySource[] = [];
  const archives: LibrarySources[] = [];
  const close = () => {
    for (const archive of archives) archive.close();
  };
  try {
    for (const file of await filesIn(path)) {
      if (isArchive(file)) {
        const archive = await listArchive(file);
        archives.push(archive);
        libraries.push(...archive.libraries);
      } else if (isWanted(basename(file))) {
        const { size } = await stat(file);
        const open = async () => createReadStream(file, { highWaterMark: 2 ** 20 });
        libraries.push({ name: basename(file), sizeBytes: size, origin: file, sha256: undefined, open });
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  return { libraries, close };
}

function isArchive(file: string): boolean {
  return file.endsWith('.whl') || file.endsWith('.nupkg');
}

function isWanted(name: string): boolean {
  return providerLibraries.some((library) => library === name) || cudaLibrary.test(name);
}

/** All files of a folder and of those in it, in the order of their names; a link counts as what it leads to. */
async function filesIn(folder: string, depth = 0): Promise<string[]> {
  const files: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const entry = await stat(path).catch(() => undefined);
    if (entry?.isFile()) files.push(path);
    else if (entry?.isDirectory() && depth < maxDepth) files.push(...(await filesIn(path, depth + 1)));
  }
  return files;
}

async function listArchive(path: string): Promise<LibrarySources> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    const opened = zip;
    const entries: Entry[] = [];
    let digests: ReadonlyMap<string, string> = new Map();
    for await (const entry of zip.eachEntry()) {
      if (/^[^/]+\.dist-info\/RECORD$/.test(entry.fileName)) digests = await readRecord(zip, entry);
      if (isWanted(basename(entry.fileName))) entries.push(entry);
    }
    const libraries = entries.map((entry): LibrarySource => {
      const name = basename(entry.fileName);
      if (entry.isEncrypted() || entry.uncompressedSize > maxLibraryBytes) throw badArchive(path, `${name} is odd`);
      return {
        name,
        sizeBytes: entry.uncompressedSize,
        origin: path,
        sha256: digests.get(entry.fileName),
        open: () => opened.openReadStreamPromise(entry),
      };
    });
    return { libraries, close: () => opened.close() };
  } catch (error) {
    zip?.close();
    throw error instanceof AppError ? error : badArchive(path, 'it is damaged, or no archive', error);
  }
}

/** A wheel's list of its files: `path,sha256=<base64url>,size`. */
async function readRecord(zip: ZipFile, entry: Entry): Promise<ReadonlyMap<string, string>> {
  const chunks: Buffer[] = [];
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, path, digest] = /^"?(.+?)"?,sha256=([\w-]+),\d*\r?$/.exec(line) ?? [];
      return path === undefined || digest === undefined
        ? []
        : [[path, Buffer.from(digest, 'base64url').toString('hex')]];
    }),
  );
}

/** What an archive is refused with. */
export function badArchive(archive: string, what: string, cause?: unknown): DownloadError {
  return new DownloadError('bad-archive', `${archive} can't be unpacked: ${what}.`, { cause });
}
