import { constants } from 'node:fs';
import { access, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { type DatabaseState, inspectDatabase } from '../../storage/database.ts';
import { describeHolder } from '../../storage/lease.ts';
import { existingFolder } from './check-machine.ts';
import { type Finding, finding } from './finding.ts';

/** Whether the bot may write where it keeps its queue, and whether what is there is sound; nothing is left behind. */
export function checkDataFolder(dataDir: string): Promise<Finding> {
  return finding('data folder', async () => {
    const folder = await existingFolder(dataDir);
    if (folder !== dataDir) {
      await access(folder, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
        throw unwritable(dataDir, cause);
      });
      return { verdict: 'ok', text: `${dataDir} will be made` };
    }
    const probe = join(dataDir, `.kinora-doctor-${process.pid}`);
    try {
      await (await open(probe, 'wx')).close();
      await rm(probe);
    } catch (cause) {
      throw unwritable(dataDir, cause);
    }
    const state = inspectDatabase(dataDir);
    return state === undefined ? { verdict: 'ok', text: `${dataDir} can be written` } : findingOf(dataDir, state);
  });
}

/** A backup that is older is told as a note, in milliseconds. */
const oldBackupMs = 8 * 86_400_000;

function findingOf(
  dataDir: string,
  { holder, hostFault, workerFaults = [], damagedJobs, lastBackup }: DatabaseState,
): Omit<Finding, 'check'> {
  const parts = [`${dataDir} can be written, and kinora.db in it is sound`];
  if (holder !== undefined) parts.push(`a bot works with it: ${describeHolder(holder)}`);
  if (hostFault !== undefined) {
    const since = new Date(hostFault.sinceMs).toISOString();
    parts.push(`the queue has been waiting since ${since}, because: ${hostFault.message} (${hostFault.code})`);
  }
  for (const { worker, code, message, sinceMs } of workerFaults) {
    parts.push(`${worker} has been out since ${new Date(sinceMs).toISOString()}, because: ${message} (${code})`);
  }
  if (damagedJobs.length > 0) {
    const named = damagedJobs.slice(0, 5).map(({ id, problem }) => `${id} (${problem})`);
    const more = damagedJobs.length > named.length ? ' …' : '';
    parts.push(`jobs that cannot be read and are left alone: ${named.join(', ')}${more}`);
  }
  const isBackupOld = lastBackup !== undefined && Date.now() - lastBackup.atMs > oldBackupMs;
  if (lastBackup === undefined) parts.push('no backup was made yet: kinora backup DIR makes one');
  else {
    const age = isBackupOld ? 'the last backup is old' : 'the last backup';
    parts.push(`${age}: ${lastBackup.path}, ${new Date(lastBackup.atMs).toISOString()}`);
  }
  return {
    verdict:
      isBackupOld || damagedJobs.length > 0 || hostFault !== undefined || workerFaults.length > 0 ? 'note' : 'ok',
    text: parts.join('; '),
    facts: {
      damagedJobs: damagedJobs.length,
      ...(lastBackup && { lastBackupMs: lastBackup.atMs }),
      ...(workerFaults.length > 0 && { workersOut: workerFaults.map(({ worker }) => worker) }),
      ...(hostFault && { hostFault: hostFault.code }),
      ...(holder && { holderHost: holder.host, holderPid: holder.pid }),
    },
  };
}

function unwritable(dataDir: string, cause: unknown): ConfigError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConfigError('data-dir', `DATA_DIR ${dataDir} cannot be written: ${reason}.`, { cause });
}
