import { join } from 'node:path';
import { DownloadError } from '../errors.ts';
import type { ChosenFile } from './choose-files.ts';
import { createDigester, digestFile, findPart, sizeOf } from './part-file.ts';
import type { PullRecord } from './pull-record.ts';

/** A chosen file and how much of it the folder has. */
export interface PlannedFile {
  file: ChosenFile;
  /** Absolute. */
  path: string;
  /** Whole and verified, now or when it came. */
  complete: boolean;
  /** Bytes on disk: all of them, or those of an earlier run's part. */
  presentBytes: number;
}

/**
 * Compares the chosen files with what lies in `folder`. A file that no pull wrote counts if its checksum is right.
 * @throws DownloadError `folder-conflict` something there would have to be overwritten that this pull does not own
 */
export async function compareWithFolder(
  files: readonly ChosenFile[],
  folder: string,
  { record, signal }: { record: PullRecord; signal: AbortSignal },
): Promise<PlannedFile[]> {
  refuseOtherSource(files, folder, record);
  const planned: PlannedFile[] = [];
  for (const file of files) {
    signal.throwIfAborted();
    const path = join(folder, file.localPath);
    const size = await sizeOf(path);
    const complete = size !== undefined && (await isRight(file, path, { size, record, signal }));
    const presentBytes = complete ? file.sizeBytes : (await findPart(path, file)).bytes;
    planned.push({ file, path, complete, presentBytes });
  }
  return planned;
}

/** Weights of another repository or variant in the folder would leave it a mixture, or hold the same network twice. */
function refuseOtherSource(files: readonly ChosenFile[], folder: string, record: PullRecord): void {
  const wanted = new Map(files.map((file) => [file.localPath, file]));
  const isWeights = (path: string) => path.endsWith('.safetensors');
  const networkOf = (path: string) => path.split('/')[0];
  const networks = new Set(files.filter((file) => isWeights(file.localPath)).map((file) => networkOf(file.localPath)));
  for (const [path, { repo }] of Object.entries(record.files)) {
    const file = wanted.get(path);
    const isOther =
      file === undefined ? isWeights(path) && networks.has(networkOf(path)) : file.repository.repo !== repo;
    if (!isOther) continue;
    const message = `${folder} already holds ${path} of ${repo}: take another --dir, or remove that folder first.`;
    throw new DownloadError('folder-conflict', message);
  }
}

async function isRight(
  file: ChosenFile,
  path: string,
  { size, record, signal }: { size: number; record: PullRecord; signal: AbortSignal },
): Promise<boolean> {
  const recorded = record.files[file.localPath];
  if (recorded !== undefined && recorded.sizeBytes === size) {
    // Verified when it came. Another checksum now means a newer version in the repository, which takes its place.
    return recorded.digest.hex === file.digest.hex;
  }
  if (size === file.sizeBytes) {
    const digester = createDigester(file.digest.kind, size);
    await digestFile(path, size, digester, signal);
    if (digester.hex() === file.digest.hex) return true;
  }
  const message = `${path} is there already but is not the file of ${file.repository.repo}: move it away (or take another --dir) and run again.`;
  throw new DownloadError('folder-conflict', message);
}
