import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { instructionSets, multipliesBfloat16, processorFlags } from '../report/machine.ts';
import { type CaseName, cases, writeInputs } from '../side/cases.ts';
import { exportUnet } from '../side/export-unet.ts';
import { missingModule, runSide, type SideName, type SideResult } from '../side/run-side.ts';
import { compareFiles, type Difference } from './compare.ts';
import { type BenchOptions, loadFigures, saveFigures, tell } from './section.ts';

/** Who takes turns at a case, in float32; those of `-bf16` in bfloat16, where the processor multiplies that. */
export const contenders = [
  'diffusers',
  'kinora-prepacked',
  'kinora-mmap',
  'openvino',
  'diffusers-bf16',
  'openvino-bf16',
] as const;
export type Contender = (typeof contenders)[number];

export interface NetworkFigures {
  runs: Partial<Record<Contender, SideResult[]>>;
  /** From diffusers. */
  differences: Partial<Record<Contender, Difference>>;
  /** Who did not take part, and why. */
  skipped?: Partial<Record<Contender, string>>;
}

export type NetworksFigures = Partial<Record<CaseName, NetworkFigures>>;

/** Cases whose speed is compared; the others are run once, for exactness. */
const timed: readonly CaseName[] = ['image-encoder', 'vae-decoder', 'unet-1'];
const exactOnly: readonly CaseName[] = ['vae-encoder', 'unet-2'];

/** Calls of small networks: the first warms up and is not counted. */
const runsOf: Readonly<Record<CaseName, number>> = {
  'image-encoder': 3,
  'vae-encoder': 1,
  'vae-decoder': 2,
  'unet-1': 1,
  'unet-2': 1,
};

/** Each network by itself: the same inputs to every side in turn, what they make compared, and their seconds kept. */
export async function measureNetworks(options: BenchOptions): Promise<void> {
  const figures = loadFigures<NetworksFigures>(options.workDir, 'networks') ?? {};
  const skipped = whoCannot();
  for (const [contender, reason] of Object.entries(skipped)) tell(`${contender} is left out: ${reason}`);
  const present = contenders.filter((contender) => skipped[contender] === undefined);
  for (const name of [...timed, ...exactOnly]) {
    if (options.cases !== undefined && !options.cases.includes(name)) continue;
    const inputs = writeInputs(join(options.workDir, 'inputs'), name);
    const isTimed = timed.includes(name);
    if (isTimed && present.includes('openvino')) await prepareOpenvino(name, { ...options, inputs });
    const own: NetworkFigures = { runs: {}, differences: {}, skipped };
    figures[name] = own;
    for (let round = 0; round < (isTimed ? options.rounds : 1); round++) {
      for (const contender of isTimed ? present : present.slice(0, 2)) {
        const outputs = round === 0 ? outputFile(options.workDir, name, contender) : undefined;
        const task = { ...options, inputs, runs: runsOf[name], ...(outputs === undefined ? {} : { outputs }) };
        const result = await turn(contender, name, task);
        own.runs[contender] = [...(own.runs[contender] ?? []), result];
        if (outputs === undefined || contender === 'diffusers') continue;
        const reference = outputFile(options.workDir, name, 'diffusers');
        own.differences[contender] = await compareFiles(reference, outputs);
      }
      saveFigures(options.workDir, 'networks', figures);
    }
  }
}

/** Where the UNet's ONNX files lie for OpenVINO. */
const exportedUnet = (workDir: string, name: CaseName) => join(workDir, 'openvino', `${name}-onnx`);

/** What OpenVINO reads of a case is written before its turns: Kinora's exported UNet, or its own conversion of diffusers' modules. */
async function prepareOpenvino(name: CaseName, options: BenchOptions & { inputs: string }): Promise<void> {
  if (cases[name].network === 'unet') {
    await exportUnet(options.modelDir, exportedUnet(options.workDir, name), cases[name]);
  } else {
    await turn('openvino', name, { ...options, runs: 0 });
  }
}

/** Contenders that this machine has not what it takes for. diffusers is needed: the others are held against it. */
function whoCannot(): Partial<Record<Contender, string>> {
  const noOpenvino = missingModule('openvino');
  const noBfloat16 = multipliesBfloat16(instructionSets(processorFlags()))
    ? undefined
    : 'this processor has no instructions for bfloat16';
  const reasons: Partial<Record<Contender, string | undefined>> = {
    openvino: noOpenvino,
    'diffusers-bf16': noBfloat16,
    'openvino-bf16': noBfloat16 ?? noOpenvino,
  };
  return Object.fromEntries(Object.entries(reasons).filter(([, reason]) => reason !== undefined));
}

function outputFile(workDir: string, name: CaseName, contender: Contender): string {
  const folder = join(workDir, 'outputs');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}-${contender}.safetensors`);
}

async function turn(
  contender: Contender,
  name: CaseName,
  task: BenchOptions & { inputs: string; runs: number; outputs?: string },
): Promise<SideResult> {
  const [side = 'kinora', mode] = contender.split('-') as [SideName, string?];
  const { modelDir, threads, inputs, runs, outputs, workDir } = task;
  const result = await runSide(side, {
    ...cases[name],
    case: name,
    modelDir,
    threads,
    inputs,
    runs,
    mapped: mode === 'mmap',
    bfloat16: mode === 'bf16',
    cache: join(workDir, 'openvino'),
    ...(cases[name].network === 'unet' && { onnx: exportedUnet(workDir, name) }),
    ...(outputs === undefined ? {} : { outputs }),
  });
  if (runs > 0) tell(`${name}, ${contender}: ${result.seconds.map((seconds) => seconds.toFixed(2)).join(' ')} s`);
  return result;
}
