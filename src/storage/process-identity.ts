import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process on which machine. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /**
   * Within which process ids mean the same: the machine since its last start, and the namespace of a container. Linux
   * alone tells; null elsewhere.
   */
  namespace: string | null;
  /** When the process was started, in the system's own count: ids are given again. Linux alone tells; null elsewhere. */
  processStart: string | null;
}

/** This process, or another of this machine. */
export function identityOf(pid = process.pid): ProcessIdentity {
  return { host: hostname(), pid, namespace: readNamespace(), processStart: statOf(pid)?.start ?? null };
}

/**
 * Whether a process of this machine lives: `same`: this very one; `unknown`: one of that id, but whether it is this one
 * cannot be told here.
 */
export function lifeOf({
  pid,
  processStart,
}: Pick<ProcessIdentity, 'pid' | 'processStart'>): 'same' | 'unknown' | 'dead' {
  if (!hasProcess(pid)) return 'dead';
  const stat = statOf(pid);
  if (stat === undefined || processStart === null) return 'unknown';
  // A zombie has ended, and its parent has not looked yet.
  return stat.start === processStart && stat.state !== 'Z' && stat.state !== 'X' ? 'same' : 'dead';
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** Linux: fields of /proc/PID/stat. Undefined elsewhere, and where there is no such process. */
function statOf(pid: number): { state: string; start: string } | undefined {
  const text = quietly(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in parentheses, and may hold blanks and parentheses itself.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields?.[0], fields?.[19]];
  return state === undefined || start === undefined ? undefined : { state, start };
}

function readNamespace(): string | null {
  const boot = quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = quietly(() => readlinkSync('/proc/self/ns/pid'));
  return boot === undefined || namespace === undefined ? null : `${boot} ${namespace}`;
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
