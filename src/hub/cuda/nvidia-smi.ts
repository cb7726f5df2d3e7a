import { execFile } from 'node:child_process';

/** An NVIDIA card, as the driver's own tool tells of it. */
export interface Card {
  name: string;
  memoryMib: number;
  /** Compute capability, such as 8.9. */
  capability: number;
  driver: string;
}

const query = ['name', 'memory.total', 'compute_cap', 'driver_version'];
const timeoutMs = 20_000;

/** The cards of this machine; none where nvidia-smi is not there, or finds no driver. */
export function askNvidiaSmi(): Promise<Card[]> {
  const args = [`--query-gpu=${query}`, '--format=csv,noheader,nounits'];
  return new Promise((answer) => {
    execFile('nvidia-smi', args, { timeout: timeoutMs }, (error, stdout) =>
      answer(error === null ? readCards(stdout) : []),
    );
  });
}

/** Reads the lines of `nvidia-smi --query-gpu`; lines that are none are passed over. */
export function readCards(text: string): Card[] {
  return text.split('\n').flatMap((line) => {
    const [name, memory, capability, driver] = line.split(',').map((field) => field.trim());
    if (!name || !driver) return [];
    return [{ name, memoryMib: Number(memory), capability: Number(capability), driver }];
  });
}

/**
 * Bytes of the card that CUDA takes: of the first that CUDA_VISIBLE_DEVICES names by its number, else of the only one.
 * Where several may be meant, of the smallest. Undefined where there is none, or none may be used.
 * @param visible CUDA_VISIBLE_DEVICES
 */
export function cardBytesOf(cards: readonly Card[], visible: string | undefined): number | undefined {
  const [first] = visible?.split(',') ?? [];
  const named = /^\s*\d+\s*$/.test(first ?? '') ? cards[Number(first)] : undefined;
  const candidates = (named === undefined ? cards : [named]).filter(({ memoryMib }) => memoryMib > 0);
  if (candidates.length === 0 || visible?.trim() === '') return undefined;
  return Math.min(...candidates.map(({ memoryMib }) => memoryMib)) * 2 ** 20;
}
