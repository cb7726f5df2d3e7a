import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { AppError, DownloadError } from '../../errors.ts';
import { diskError, syncFolderOf } from '../disk.ts';
import { sizeOf } from '../part-file.ts';
import { type FetchOptions, fetchArchives } from './fetch-archives.ts';
import {
  badArchive,
  type LibrarySource,
  type LibrarySources,
  listLibraries,
  providerLibraries,
} from './library-sources.ts';
import {
  type FoundLibrary,
  findLibraries,
  type LibraryPlaces,
  requireLoader,
  verifyLibrary,
} from './native-libraries.ts';
import type { CudaManifest } from './runtime-package.ts';

export interface InstallOptions extends FetchOptions {
  /** Kinora's own folder for these libraries. */
  folder: string;
  /** Wheels, NuGet packages and folders to take the libraries from; empty: they are fetched. */
  from: readonly string[];
  /** Install even where the libraries are there. */
  force: boolean;
  places: LibraryPlaces;
}

/** A library in Kinora's folder. */
type InstalledLibrary = z.output<typeof installedLibrary>;

/** What is installed now. */
export interface InstalledCuda {
  /** false: all was there already. */
  changed: boolean;
  libraries: InstalledLibrary[];
}

const installedLibrary = z.object({
  name: z.string(),
  sizeBytes: z.number().int(),
  sha256: z.string(),
  /** The archive or file that it was taken from. */
  origin: z.string(),
});

/** The list of what was installed. While it is missing nothing counts as installed. */
const recordName = 'cuda.json';
const record = z.object({ onnxruntime: z.string(), libraries: z.array(installedLibrary) });

/**
 * Puts the CUDA provider of the installed onnxruntime-node, and CUDA's and cuDNN's libraries, into Kinora's folder, and
 * links the provider beside the binding, where ONNX Runtime looks for it. Until all of it is right, nothing is linked.
 * @throws DownloadError every cause has its own code and message, see docs/weights.md
 * @throws ConfigError `platform-unsupported` the system has no glibc
 */
export async function installCuda(manifest: CudaManifest, options: InstallOptions): Promise<InstalledCuda> {
  const { folder, from, force, signal } = options;
  await requireLoader();
  const present = force || from.length > 0 ? undefined : await readInstalled(manifest, folder);
  if (present !== undefined) {
    await linkProvider(manifest, folder);
    return { changed: false, libraries: present };
  }
  const archives = join(folder, 'downloads');
  try {
    await mkdir(archives, { recursive: true });
    const paths = from.length > 0 ? from : await fetchArchives(manifest, archives, options);
    await unlinkProvider(manifest);
    await rm(join(folder, recordName), { force: true });
    const libraries = await copyAll(paths, manifest, options);
    await checkVersion(manifest, folder, libraries);
    await checkMajors(manifest, libraries, options);
    const text = JSON.stringify({ onnxruntime: manifest.version, libraries }, null, 2);
    await writeFile(join(folder, recordName), `${text}\n`);
    await syncFolderOf(join(folder, recordName));
    await linkProvider(manifest, folder);
    await rm(archives, { recursive: true });
    return { changed: true, libraries };
  } catch (error) {
    signal.throwIfAborted();
    // Fails while the folder holds an unfinished archive, from which the next run goes on.
    await rmdir(archives).catch(() => {});
    await rmdir(folder).catch(() => {});
    throw diskError(error, folder);
  }
}

/**
 * What the folder holds, if it is whole and belongs to this version of onnxruntime-node; undefined otherwise.
 * Sizes are compared, not checksums: these were compared when the libraries were copied.
 */
export async function readInstalled(manifest: CudaManifest, folder: string): Promise<InstalledLibrary[] | undefined> {
  const text = await readFile(join(folder, recordName), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = record.safeParse(parseJson(text));
  if (!parsed.success || parsed.data.onnxruntime !== manifest.version) return undefined;
  const { libraries } = parsed.data;
  const sizes = await Promise.all(libraries.map(({ name }) => sizeOf(join(folder, name))));
  return libraries.every(({ sizeBytes }, at) => sizes[at] === sizeBytes) ? libraries : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the provider needs besides the system's own libraries, and where the loader finds each. */
export async function findNeeded(folder: string, places: LibraryPlaces): Promise<FoundLibrary[]> {
  const libraryPath = places.libraryPath ? `${folder}:${places.libraryPath}` : folder;
  const found = new Map<string, FoundLibrary>();
  for (const name of providerLibraries) {
    for (const library of await findLibraries(join(folder, name), { ...places, libraryPath })) {
      found.set(library.soname, library);
    }
  }
  return [...found.values()].filter(({ soname }) => {
    // The binding has loaded ONNX Runtime's own library before the provider asks for it.
    return !systemLibraries.test(soname) && !soname.startsWith('libonnxruntime');
  });
}

/** Libraries of the system itself, which are there wherever Node runs. */
const systemLibraries = /^(libc|libm|libdl|libpthread|librt|libz|libgcc_s|libstdc\+\+|ld-linux-x86-64)\.so/;

/** Copies every library of the paths, the first of each name, and looks whether each can be loaded. */
async function copyAll(
  paths: readonly string[],
  manifest: CudaManifest,
  options: InstallOptions,
): Promise<InstalledLibrary[]> {
  const opened: LibrarySources[] = [];
  try {
    for (const path of paths) opened.push(await listLibraries(resolve(path)));
    const sources = new Map<string, LibrarySource>();
    for (const library of opened.flatMap(({ libraries }) => libraries)) {
      if (!sources.has(library.name)) sources.set(library.name, library);
    }
    const lacking = providerLibraries.filter((name) => !sources.has(name));
    if (lacking.length > 0) {
      const message = `${lacking.join(' and ')} of ONNX Runtime ${manifest.version} is in none of ${paths.map((path) => basename(path)).join(', ')}. It is in the wheel onnxruntime_gpu-${manifest.version}-*.whl.`;
      throw new DownloadError('not-found', message);
    }
    const copied: InstalledLibrary[] = [];
    for (const source of sources.values()) copied.push(await copy(source, options));
    return copied;
  } finally {
    for (const { close } of opened) close();
  }
}

async function copy(
  { name, sizeBytes, origin, sha256: wanted, open }: LibrarySource,
  { folder, disk, signal, onProgress }: InstallOptions,
): Promise<InstalledLibrary> {
  const path = join(folder, name);
  const begun = `${path}.new`;
  const hash = createHash('sha256');
  let receivedBytes = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      receivedBytes += chunk.length;
      onProgress({ path: name, receivedBytes, totalBytes: sizeBytes });
      done(null, chunk);
    },
  });
  try {
    const file = await disk.open(begun, 'w');
    // The stream closes the file, and flushes it to the disk first.
    await pipeline(await open(), measured, file.createWriteStream({ flush: true }), { signal });
    const sha256 = hash.digest('hex');
    if (wanted !== undefined && sha256 !== wanted) {
      const message = `${name} of ${origin} has the wrong checksum (sha256 ${sha256.slice(0, 12)}… instead of ${wanted.slice(0, 12)}…): the archive is damaged.`;
      throw new DownloadError('checksum-mismatch', message);
    }
    await verifyLibrary(begun);
    await rename(begun, path);
    return { name, sizeBytes: receivedBytes, sha256, origin: basename(origin) };
  } catch (error) {
    await rm(begun, { force: true });
    signal.throwIfAborted();
    if (error instanceof AppError || isOfTheDisk(error)) throw error;
    throw badArchive(origin, `${name} is damaged`, error);
  }
}

/** The system's codes begin with E (ENOSPC), zlib's with Z. */
function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('E');
}

/** The provider names its version in its text. */
async function checkVersion(
  { version }: CudaManifest,
  folder: string,
  libraries: readonly InstalledLibrary[],
): Promise<void> {
  const [, name] = providerLibraries;
  if (await contains(join(folder, name), `${version}\0`)) return;
  const origin = libraries.find((library) => library.name === name)?.origin;
  const message = `The CUDA provider of ${origin} is not of ONNX Runtime ${version}, which the installed onnxruntime-node is of: they do not work together. Take onnxruntime_gpu-${version}-*.whl.`;
  throw new DownloadError('wrong-version', message);
}

async function contains(path: string, text: string): Promise<boolean> {
  const wanted = Buffer.from(text, 'latin1');
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 22 })) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    if (bytes.includes(wanted)) return true;
    rest = Buffer.from(bytes.subarray(-wanted.length));
  }
  return false;
}

/**
 * Refuses CUDA libraries of another major version than the provider links: libcudart.so.12 where it wants
 * libcudart.so.13. Those that are missing altogether may be the system's, or be told as missing later.
 */
async function checkMajors(
  { version }: CudaManifest,
  installed: readonly InstalledLibrary[],
  { folder, places }: InstallOptions,
): Promise<void> {
  for (const { soname, path } of await findNeeded(folder, places)) {
    if (path !== undefined) continue;
    const [stem = ''] = soname.split('.so.');
    const other = installed.find(({ name }) => name.startsWith(`${stem}.so.`));
    if (other === undefined) continue;
    const message = `The CUDA provider of ONNX Runtime ${version} needs ${soname}, and ${other.name} came from ${other.origin}: take CUDA's and cuDNN's libraries of the major version that it needs.`;
    throw new DownloadError('wrong-version', message);
  }
}

/** Where ONNX Runtime looks for its provider: beside the binding. `npm ci` takes the links away. */
async function linkProvider({ folder: binding }: CudaManifest, folder: string): Promise<void> {
  for (const name of providerLibraries) {
    const link = join(binding, name);
    await rm(link, { force: true });
    await symlink(join(folder, name), link);
  }
}

async function unlinkProvider({ folder: binding }: CudaManifest): Promise<void> {
  for (const name of providerLibraries) await rm(join(binding, name), { force: true });
}
