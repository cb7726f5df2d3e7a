import { readFileSync } from 'node:fs';

/** Linux counts processor time for programs in hundredths of a second, whatever the kernel's own clock is. */
const ticksPerSecond = 100;

/** Fields of /proc/<pid>/stat after the name: user and system time, and those of children that have ended. */
const timeFields = { from: 11, to: 15 };

/**
 * The processor time, in seconds, that a process and those it started (ffmpeg) have used so far.
 * @returns undefined where the system does not tell (it has no /proc, or none that names children), or there is no such
 *   process
 */
export function processorSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name stands in brackets and may hold brackets and spaces itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(timeFields.from, timeFields.to).reduce((sum, field) => sum + Number(field), 0);
    // Those that its main thread started, which is the one that Node starts processes from.
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
    return children.reduce((sum, child) => sum + (processorSeconds(Number(child)) ?? 0), ticks / ticksPerSecond);
  } catch {
    return undefined;
  }
}
