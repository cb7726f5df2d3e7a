import { join } from 'node:path';
import { DownloadError } from '../../errors.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { Disk } from '../disk.ts';
import type { RemoteFile } from '../download-body.ts';
import { downloadFile } from '../download-file.ts';
import type { HttpClient } from '../http-client.ts';
import { sizeOf } from '../part-file.ts';
import type { CudaWheel } from './cuda-wheels.ts';
import { findNugetPackage, packageRefusal } from './nuget-package.ts';
import type { CudaManifest } from './runtime-package.ts';

/** What fetching takes. */
export interface FetchOptions {
  /** What is fetched besides the provider. */
  wheels: readonly CudaWheel[];
  web: HttpClient;
  disk: Disk;
  signal: AbortSignal;
  onProgress: (progress: { path: string; receivedBytes: number; totalBytes: number }) => void;
}

/** Unpacked, libraries take up to three times their archive; both are on the disk for a while. */
const unpackedFactor = 4;

/** Fetches the provider's package and NVIDIA's wheels into a folder, each held against its checksum; their paths. */
export async function fetchArchives(
  manifest: CudaManifest,
  folder: string,
  { web, wheels, disk, signal, onProgress }: FetchOptions,
): Promise<string[]> {
  const provider = await findNugetPackage(manifest.feed, manifest.package, web);
  const name = `${manifest.package.id}.${manifest.package.version}.nupkg`.toLowerCase();
  const files: readonly (RemoteFile & { file: string })[] = [{ ...provider, file: name }, ...wheels];
  await refuseFullDisk(
    files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    folder,
    disk,
  );
  for (const { file, ...remote } of files) {
    const path = join(folder, file);
    if ((await sizeOf(path)) === remote.sizeBytes) continue;
    await downloadFile(remote, path, {
      web,
      disk,
      signal,
      refusal: (response) => packageRefusal(remote.url, response),
      onProgress: (receivedBytes) => onProgress({ path: file, receivedBytes, totalBytes: remote.sizeBytes }),
    });
  }
  return files.map(({ file }) => join(folder, file));
}

async function refuseFullDisk(archiveBytes: number, folder: string, disk: Disk): Promise<void> {
  const neededBytes = archiveBytes * unpackedFactor;
  const freeBytes = await disk.freeBytes(folder);
  if (freeBytes >= neededBytes) return;
  const message = `Fetching and unpacking takes up to ${formatBytes(neededBytes)}, but the disk of ${folder} has only ${formatBytes(freeBytes)} free.`;
  throw new DownloadError('disk-full', message);
}
