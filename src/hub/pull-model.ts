import { mkdir } from 'node:fs/promises';
import { DownloadError } from '../errors.ts';
import { formatBytes } from '../util/format-bytes.ts';
import { type ChosenFile, chooseFiles } from './choose-files.ts';
import type { Disk } from './disk.ts';
import { diskError } from './disk.ts';
import { downloadFile } from './download-file.ts';
import { compareWithFolder, type PlannedFile } from './folder-state.ts';
import {
  fileUrl,
  type HubAccess,
  type HubRepository,
  hubRefusal,
  type Licence,
  readRepository,
} from './hub-repository.ts';
import { type PullRecord, readPullRecord, writePullRecord } from './pull-record.ts';
import type { VariantName } from './weight-files.ts';

/** What to pull and where to. */
export interface PullRequest {
  /** `owner/name`. */
  repo: string;
  /** A branch, tag or commit. */
  revision: string;
  variant: VariantName;
  /** The model folder; made if it is missing. */
  folder: string;
  /** Another repository to take the UNet from; `file` names its weights where there are several. */
  unet?: { repo: string; file: string | undefined };
}

export interface PullOptions extends HubAccess {
  disk: Disk;
  now: () => Date;
  /** Asked once per licence and folder. */
  acceptLicence: (repo: string, licence: Licence | undefined) => Promise<boolean>;
  onNote: (sentence: string) => void;
  onProgress: (progress: PullProgress) => void;
}

/** Progress of a running pull; bytes over all files. */
export interface PullProgress {
  /** The file that is coming, relative to the model folder. */
  path: string;
  receivedBytes: number;
  totalBytes: number;
}

/** What a finished pull did. */
export interface PullResult {
  fetchedFiles: number;
  fetchedBytes: number;
  /** Files that were complete beforehand. */
  keptFiles: number;
  totalBytes: number;
}

/** Room to leave on the disk. */
const reserveBytes = 64 * 2 ** 20;

/**
 * Brings the files of a model that Kinora needs into `request.folder`. Safe to interrupt and to run again.
 * @throws DownloadError every cause has its own code and message, see docs/weights.md
 */
export async function pullModel(request: PullRequest, options: PullOptions): Promise<PullResult> {
  const { folder } = request;
  const base = await readRepository(request.repo, request.revision, options);
  const unet =
    request.unet === undefined
      ? undefined
      : { repository: await readRepository(request.unet.repo, 'main', options), file: request.unet.file };
  const { files, notes } = chooseFiles(base, request.variant, unet);
  for (const note of notes) options.onNote(note);

  const record = await readPullRecord(folder);
  const planned = await compareWithFolder(files, folder, { record, signal: options.signal });
  const repositories = unet === undefined ? [base] : [base, unet.repository];
  const accepted = await acceptLicences(repositories, record, options);
  try {
    await mkdir(folder, { recursive: true });
    await refuseFullDisk(planned, folder, options.disk);
    if (accepted) await writePullRecord(folder, record);
    return await fetchFiles(planned, folder, { ...options, record });
  } catch (error) {
    throw diskError(error, folder);
  }
}

/** Adds to `record` what is accepted now; false: everything was accepted before. */
async function acceptLicences(
  repositories: readonly HubRepository[],
  record: PullRecord,
  { acceptLicence, now }: PullOptions,
): Promise<boolean> {
  let isNew = false;
  for (const { repo, licence } of repositories) {
    const { name, link } = licence ?? { name: 'not named', link: '' };
    const before = record.licences[repo];
    if (before?.name === name) continue;
    if (!(await acceptLicence(repo, licence))) {
      throw new DownloadError('licence-not-accepted', `The licence of ${repo} was not accepted: nothing was fetched.`);
    }
    record.licences[repo] = { name, link, acceptedAt: now().toISOString() };
    isNew = true;
  }
  return isNew;
}

async function refuseFullDisk(planned: readonly PlannedFile[], folder: string, disk: Disk): Promise<void> {
  const missingBytes = sum(planned.map(({ file, presentBytes }) => file.sizeBytes - presentBytes));
  const freeBytes = await disk.freeBytes(folder);
  if (missingBytes === 0 || freeBytes >= missingBytes + reserveBytes) return;
  const message = `${formatBytes(missingBytes)} are still to come, but the disk of ${folder} has only ${formatBytes(freeBytes)} free: free some space or take --dir on another disk.`;
  throw new DownloadError('disk-full', message);
}

async function fetchFiles(
  planned: readonly PlannedFile[],
  folder: string,
  options: PullOptions & { record: PullRecord },
): Promise<PullResult> {
  const { record, endpoint, onProgress } = options;
  const totalBytes = sum(planned.map(({ file }) => file.sizeBytes));
  const result = { fetchedFiles: 0, fetchedBytes: 0, keptFiles: 0, totalBytes };
  let doneBytes = sum(planned.map(({ presentBytes }) => presentBytes));
  // Small files first: what is wrong with a repository shows before gigabytes have come.
  for (const { file, path, complete, presentBytes } of planned.toSorted(
    (a, b) => a.file.sizeBytes - b.file.sizeBytes,
  )) {
    if (complete) {
      result.keptFiles++;
    } else {
      const refusal = ({ status, headers }: Response) =>
        hubRefusal(status, headers, { repo: file.repository.repo, ...options });
      const report = (bytes: number) =>
        onProgress({ path: file.localPath, receivedBytes: doneBytes - presentBytes + bytes, totalBytes });
      const remote = { ...file, url: fileUrl(endpoint, file.repository, file.path) };
      await downloadFile(remote, path, { ...options, onProgress: report, refusal });
      result.fetchedFiles++;
      result.fetchedBytes += file.sizeBytes - presentBytes;
      doneBytes += file.sizeBytes - presentBytes;
    }
    if (remember(record, file)) await writePullRecord(folder, record);
  }
  return result;
}

/** false: the record says so already. */
function remember(record: PullRecord, { localPath, repository, sizeBytes, digest }: ChosenFile): boolean {
  const before = record.files[localPath];
  if (before?.digest.hex === digest.hex && before.commit === repository.commit) return false;
  record.files[localPath] = { repo: repository.repo, commit: repository.commit, sizeBytes, digest };
  return true;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
