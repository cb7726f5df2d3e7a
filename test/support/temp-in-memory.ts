import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';

/** Linux has a file system in memory here; in a container it may be as small as 64 MB. */
const inMemory = '/dev/shm';

/** All folders of all tests together take a fraction of it at any time. */
const roomBytes = 2 * 2 ** 30;

/**
 * Before all tests: has them, and the processes that they start, make their temporary folders in memory where there is
 * room. SQLite and Redis wait for the disk at every write, 5 ms of which a few hundredths are the processor's; in memory
 * a write takes a hundredth of that. That nothing is lost when a process is killed is shown there as well: what was
 * written outlives the process, not the machine. The folders are gone after the tests.
 */
export default function tempInMemory(): () => void {
  const before = process.env.TMPDIR;
  if (!hasRoom()) return () => {};
  const folder = mkdtempSync(`${inMemory}/kinora-tests-`);
  // As /tmp: some tests go on as another user.
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true });
  };
}

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(inMemory);
    return bavail * bsize >= roomBytes;
  } catch {
    return false;
  }
}
