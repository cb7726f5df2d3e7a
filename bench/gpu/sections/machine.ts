import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { packageVersion } from '../../../src/cli/io.ts';
import { findNeeded } from '../../../src/hub/cuda/install-cuda.ts';
import { systemPlaces } from '../../../src/hub/cuda/native-libraries.ts';
import { askNvidiaSmi, type Card } from '../../../src/hub/cuda/nvidia-smi.ts';
import { readCudaManifest } from '../../../src/hub/cuda/runtime-package.ts';
import { cudaFolder } from '../../../src/util/cuda-folder.ts';
import type { BenchContext } from '../context.ts';

/** Where the figures come from. */
export interface MachineFigures {
  date: string;
  cards: Card[];
  processor: string;
  cores: number;
  /** Instruction sets that the CPU's kernels differ by. */
  instructions: string[];
  memoryBytes: number;
  system: string;
  node: string;
  kinora: string;
  onnxruntime: string;
  /** Libraries that the CUDA provider needs, and where the loader finds each. */
  libraries: { soname: string; path: string | null }[];
}

/** The card, its driver, the processor and the software. */
export async function measureMachine({ results, provider, environment }: BenchContext): Promise<void> {
  await results.measure('machine', 'machine', async (): Promise<MachineFigures> => {
    const [cpu] = cpus();
    const { version } = readCudaManifest('linux', 'x64');
    return {
      date: new Date().toISOString().slice(0, 10),
      cards: await askNvidiaSmi(),
      processor: cpu?.model.trim() ?? 'unknown processor',
      cores: cpus().length,
      instructions: instructionSets(),
      memoryBytes: totalmem(),
      system: `${systemName()}, Linux ${release()}`,
      node: process.version,
      kinora: await packageVersion(),
      onnxruntime: version,
      libraries: provider === 'cuda' ? await libraries(environment) : [],
    };
  });
}

/** @throws Error the results that are kept are of another machine */
export async function requireSameMachine({ results, workDir }: BenchContext): Promise<void> {
  const kept = results.read('machine').measures.machine as MachineFigures | undefined;
  if (kept === undefined) return;
  const name = (cards: readonly Card[]) => cards.map((card) => card.name).join(', ') || 'a machine without a card';
  const [before, now] = [name(kept.cards), name(await askNvidiaSmi())];
  if (before === now) return;
  throw new Error(`${workDir} has results of ${before}, and this is ${now}: name another folder by --work.`);
}

async function libraries(environment: BenchContext['environment']): Promise<MachineFigures['libraries']> {
  const found = await findNeeded(cudaFolder(environment), systemPlaces(environment.LD_LIBRARY_PATH));
  return found.map(({ soname, path }) => ({ soname, path: path ?? null }));
}

const notable = ['avx2', 'avx512f', 'avx512_bf16', 'amx_tile', 'amx_bf16'];

function instructionSets(): string[] {
  const flags = /^flags\s*:(.*)$/m.exec(readText('/proc/cpuinfo'))?.[1]?.split(' ') ?? [];
  return notable.filter((name) => flags.includes(name));
}

function systemName(): string {
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(readText('/etc/os-release'))?.[1] ?? 'unknown system';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
