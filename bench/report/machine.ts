import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

/** The machine in a few words, with the instruction sets of its processor. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const sets = instructionSets(processorFlags());
  const named = sets.length === 0 ? '' : ` (${sets.join(', ')})`;
  return `${cpu?.model ?? 'unknown processor'}${named}, ${cpus().length} cores, ${memory} GiB, Node ${process.version}`;
}

/** How busy the machine was in the last minutes, the bench's own work included. */
export function loadText(): string {
  const [, minutes5, minutes15] = loadavg().map((load) => load.toFixed(0));
  return `load average ${minutes5} and ${minutes15} over the last 5 and 15 minutes of it, one of a bench that has the machine for itself about 2`;
}

/** The instruction sets that decide how quick matrix products are, as Linux names them, the oldest first. */
const known = [
  'avx',
  'avx2',
  'avx512f',
  'avx_vnni',
  'avx512_vnni',
  'avx512_bf16',
  'avx512_fp16',
  'amx_tile',
  'amx_int8',
  'amx_bf16',
  'asimd',
  'asimdhp',
  'sve',
  'bf16',
  'i8mm',
];

/**
 * Those of the known instruction sets that a processor has.
 * @param flags what the kernel tells of it, separated by blanks
 */
export function instructionSets(flags: string): string[] {
  const had = new Set(flags.split(/\s+/));
  return known.filter((name) => had.has(name));
}

/** Whether products of bfloat16 are instructions of a processor with these sets: emulated, they would be slower than float32. */
export function multipliesBfloat16(sets: readonly string[]): boolean {
  return sets.some((name) => name === 'avx512_bf16' || name === 'amx_bf16' || name === 'bf16');
}

/** What Linux tells of the first processor; '' elsewhere. */
export function processorFlags(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8').match(/^(?:flags|Features)\s*:\s*(.*)$/m)?.[1] ?? '';
  } catch {
    return '';
  }
}
