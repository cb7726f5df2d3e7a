import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { AppError, DownloadError } from '../../errors.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { type Disk, diskError, syncFolderOf } from '../disk.ts';
import { downloadFile } from '../download-file.ts';
import type { HttpClient } from '../http-client.ts';
import { sizeOf } from '../part-file.ts';
import { requireLoader, verifyLibrary } from './native-libraries.ts';
import { findNugetPackage, packageRefusal } from './nuget-package.ts';
import type { CudaManifest } from './runtime-package.ts';

export interface InstallOptions {
  web: HttpClient;
  disk: Disk;
  signal: AbortSignal;
  /** Fetch even where the libraries are there. */
  force: boolean;
  onProgress: (progress: { path: string; receivedBytes: number; totalBytes: number }) => void;
}

/** The libraries beside the binding. */
export interface InstalledProvider {
  /** false: they were there already. */
  fetched: boolean;
  libraries: { name: string; path: string; sizeBytes: number }[];
}

/** What the unpacked libraries need beside the package, at most: they shrink to about a third in it. */
const unpackedFactor = 4;

/**
 * Fetches the CUDA provider of the installed onnxruntime-node and puts it beside the binding: all libraries or none.
 * @throws DownloadError every cause has its own code and message, see docs/weights.md
 * @throws ConfigError `platform-unsupported` the system has no glibc
 */
export async function installProvider(manifest: CudaManifest, options: InstallOptions): Promise<InstalledProvider> {
  await requireLoader();
  const present = options.force ? undefined : await inspectAll(manifest).catch(() => undefined);
  if (present !== undefined) return { fetched: false, libraries: present };
  const { web, disk, signal, onProgress } = options;
  const remote = await findNugetPackage(manifest.feed, manifest.package, web);
  // In the binding's own folder: the same file system, so that the last step is a rename, and a place that npm cleans up.
  const workFolder = join(manifest.folder, 'kinora-setup');
  const name = `${manifest.package.id}.${manifest.package.version}.nupkg`.toLowerCase();
  const archive = join(workFolder, name);
  try {
    await mkdir(workFolder, { recursive: true });
    await refuseFullDisk(remote.sizeBytes, workFolder, disk);
    await downloadFile(remote, archive, {
      web,
      disk,
      signal,
      refusal: (response) => packageRefusal(remote.url, response),
      onProgress: (receivedBytes) => onProgress({ path: name, receivedBytes, totalBytes: remote.sizeBytes }),
    });
    const unpacked = new Map([...manifest.libraries].map(([library, path]) => [path, join(workFolder, library)]));
    await unpack(archive, unpacked, { disk, signal });
    for (const library of manifest.libraries.keys()) await inspect(join(workFolder, library), library);
    for (const library of manifest.libraries.keys()) {
      await rename(join(workFolder, library), join(manifest.folder, library));
    }
    await syncFolderOf(join(manifest.folder, name));
    await rm(workFolder, { recursive: true });
  } catch (error) {
    await discard(manifest, workFolder, archive);
    throw diskError(error, workFolder);
  }
  return { fetched: true, libraries: await inspectAll(manifest) };
}

/** Removes everything but an unfinished package, from which the next run goes on. */
async function discard(manifest: CudaManifest, workFolder: string, archive: string): Promise<void> {
  for (const path of [archive, ...[...manifest.libraries.keys()].map((library) => join(workFolder, library))]) {
    await rm(path, { force: true });
  }
  // rmdir fails while the folder holds an unfinished package: that is kept.
  await rmdir(workFolder).catch(() => {});
}

async function inspectAll({ folder, libraries }: CudaManifest): Promise<InstalledProvider['libraries']> {
  return Promise.all([...libraries.keys()].map((library) => inspect(join(folder, library), library)));
}

async function inspect(path: string, name: string): Promise<InstalledProvider['libraries'][number]> {
  await verifyLibrary(path);
  return { name, path, sizeBytes: (await sizeOf(path)) ?? 0 };
}

async function refuseFullDisk(packageBytes: number, folder: string, disk: Disk): Promise<void> {
  const neededBytes = packageBytes * unpackedFactor;
  const freeBytes = await disk.freeBytes(folder);
  if (freeBytes >= neededBytes) return;
  const message = `Fetching and unpacking takes up to ${formatBytes(neededBytes)}, but the disk of ${folder} has only ${formatBytes(freeBytes)} free.`;
  throw new DownloadError('disk-full', message);
}

interface UnpackOptions {
  disk: Disk;
  signal: AbortSignal;
}

/** No provider library is near this size; a zip may claim anything. */
const maxEntryBytes = 4 * 2 ** 30;

/**
 * Writes the named entries of a zip archive, and no others, to the given paths; each is safely on disk afterwards.
 * @throws DownloadError `bad-archive` an entry is missing, encrypted or too large, or the archive is damaged
 */
async function unpack(
  archive: string,
  targets: ReadonlyMap<string, string>,
  { disk, signal }: UnpackOptions,
): Promise<void> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(archive, { lazyEntries: true, autoClose: false });
    const found = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      if (targets.has(entry.fileName)) found.set(entry.fileName, entry);
    }
    for (const [name, target] of targets) {
      const entry = found.get(name);
      if (entry === undefined) throw badArchive(archive, `it lacks ${name}`);
      if (entry.isEncrypted() || entry.uncompressedSize > maxEntryBytes) throw badArchive(archive, `${name} is odd`);
      const file = await disk.open(target, 'w');
      // The stream closes the file, and flushes it to the disk first.
      await pipeline(await zip.openReadStreamPromise(entry), file.createWriteStream({ flush: true }), { signal });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError || isOfTheDisk(error)) throw error;
    throw badArchive(archive, 'it is damaged', error);
  } finally {
    zip?.close();
  }
}

/** The system's codes begin with E (ENOSPC), zlib's with Z. */
function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('E');
}

function badArchive(archive: string, what: string, cause?: unknown): DownloadError {
  return new DownloadError('bad-archive', `${archive} can't be unpacked: ${what}.`, { cause });
}
