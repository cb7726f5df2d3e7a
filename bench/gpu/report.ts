import type { Finding } from '../../src/cli/doctor/finding.ts';
import { gigabytes, markdownTable } from '../report/tables.ts';
import { judge, secondsOf } from './goals.ts';
import type { Results } from './results.ts';
import type { ClipFigures, DemoFigures } from './sections/clip.ts';
import type { DiffusersFigures } from './sections/diffusers.ts';
import type { MachineFigures } from './sections/machine.ts';
import type { ComparedNetwork } from './sections/networks.ts';
import type { DecodeFigures, ProfileFigures, StepFigures } from './sections/timing.ts';
import type { BenchSizes } from './sizes.ts';
import type { BenchProvider } from './tasks.ts';

/** The sections, in the order in which they are measured and told. */
export const sectionNames = [
  'machine',
  'doctor',
  'demo',
  'step',
  'clip',
  'decode',
  'networks',
  'diffusers',
  'profile',
] as const;
export type SectionName = (typeof sectionNames)[number];

/** Operators of a profile that are listed by name. */
const listedOperators = 12;

/** What the report is of. */
interface ReportOptions {
  provider: BenchProvider;
  sizes: BenchSizes;
}

/** Everything that was measured so far, as Markdown. */
export function writeReport(results: Results, { provider, sizes }: ReportOptions): string {
  const read = <Figures>(section: SectionName) => Object.entries(results.read(section).measures) as [string, Figures][];
  const { frames, width, height, steps, decodeChunk } = sizes.clip;
  const isRehearsal = provider === 'cpu';
  const isStopped = Object.keys(results.read('provider').failures).length > 0;
  const usual = isRehearsal ? '# Rehearsal on the CPU: these figures say nothing of a card' : '# Measured on a card';
  const title = isStopped ? `# Not measured: ${provider} does not work here` : usual;
  const goals = judge(results, { clip: sizes.clip, isRehearsal });
  const parts = [
    title,
    `Written by \`npm run bench:gpu\`; ${isRehearsal ? 'a small model' : 'SVD XT 1.1 at full size'}, random weights in half precision, ${frames} frames of ${width}×${height}, ${steps} steps, decoded ${decodeChunk} at a time. docs/gpu.md tells how to run it.`,
    ...read<MachineFigures>('machine').map(([, figures]) => machinePart(figures)),
    `## Goals\n\n${markdownTable(
      ['goal', 'wanted', 'measured', ''],
      goals.map(({ goal, wanted, measured, verdict }) => [goal, wanted, measured ?? '–', verdict]),
    )}`,
    part('A step of the UNet', stepTable(read('step'))),
    part('Whole clips, from the picture to the file', clipTable(read('clip'))),
    part('Decoding', decodeTable(read('decode'))),
    part('Exactness and speed of each network in small shapes', networksTable(read('networks'))),
    ...read<DiffusersFigures>('diffusers').map(([, figures]) => diffusersPart(figures)),
    ...read<DemoFigures>('demo').map(([, figures]) => demoPart(figures)),
    ...read<Finding[]>('doctor').map(([, findings]) => doctorPart(findings)),
    ...read<ProfileFigures>('profile').map(([name, figures]) => profilePart(name, figures)),
    failuresPart(results),
  ];
  return `${parts.filter((one) => one !== undefined).join('\n\n')}\n`;
}

function machinePart({ cards, libraries, ...machine }: MachineFigures): string {
  const { date, processor, cores, instructions, memoryBytes, system, node, kinora, onnxruntime } = machine;
  const rows = [
    ...cards.map(({ name, memoryMib, capability, driver }) => [
      'card',
      `${name}, ${(memoryMib / 1024).toFixed(1)} GiB, compute capability ${capability.toFixed(1)}, driver ${driver}`,
    ]),
    ['processor', `${processor}, ${cores} threads, ${instructions.join(' ')}, ${gigabytes(memoryBytes)} GB`],
    ['system', system],
    ['software', `Kinora ${kinora}, Node ${node}, onnxruntime-node ${onnxruntime}`],
    ['measured on', date],
    ...libraries.map(({ soname, path }) => [soname, path ?? 'not found']),
  ];
  return `## The machine\n\n${rows.map(([name, text]) => `- ${name}: ${text}`).join('\n')}`;
}

function part(title: string, table: string | undefined): string | undefined {
  return table && `## ${title}\n\n${table}`;
}

function seconds(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(value < 10 ? 3 : 1);
}

function memory(bytes: number | undefined): string {
  return bytes === undefined ? '–' : gigabytes(bytes);
}

function stepTable(runs: [string, StepFigures][]): string | undefined {
  if (runs.length === 0) return undefined;
  const rows = runs.map(([name, { answer, cardBytes }]) => {
    const call = secondsOf(answer.seconds);
    const step = call === undefined ? undefined : call * (name.endsWith('split') ? 2 : 1);
    return [name, seconds(step), seconds(answer.readySeconds), seconds(answer.firstSeconds), memory(cardBytes)];
  });
  const head = ['form, guidance', 's per step', 's until loaded', 's of the first call', 'GB of the card, peak'];
  return markdownTable(head, rows);
}

function decodeTable(runs: [string, DecodeFigures][]): string | undefined {
  if (runs.length === 0) return undefined;
  const rows = runs.map(([name, { answer, cardBytes }]) => {
    const frames = Number(name.split(', ').at(-1));
    const call = secondsOf(answer.seconds);
    return [name, seconds(call && call / frames), seconds(answer.firstSeconds), memory(cardBytes)];
  });
  return markdownTable(['form, frames at once', 's per frame', 's of the first call', 'GB of the card, peak'], rows);
}

function clipTable(modes: [string, ClipFigures][]): string | undefined {
  if (modes.length === 0) return undefined;
  const rows = modes.flatMap(([mode, { clips, cardBytes }]) =>
    clips.map(({ seconds: all, firstStepSeconds, perStage, frames }, at) => [
      `${mode}, ${at === 0 ? 'first of the process' : 'the next'}`,
      seconds(all),
      seconds(firstStepSeconds),
      ...(['encode-image', 'denoise', 'decode', 'encode-video'] as const).map((stage) => seconds(perStage[stage])),
      memory(cardBytes),
      frames.leastStd.toFixed(1),
    ]),
  );
  const head = ['mode', 's', 's to the first step', 'encoders', 'steps', 'decoding', 'file', 'GB of the card', 'σ'];
  const log = modes.flatMap(([mode, figures]) => figures.log.map((line) => `- ${mode}: ${line}`));
  const notes = 'σ: grey levels of the most uniform frame.';
  return [markdownTable(head, rows), notes, ...(log.length === 0 ? [] : [log.join('\n')])].join('\n\n');
}

function networksTable(runs: [string, ComparedNetwork][]): string | undefined {
  if (runs.length === 0) return undefined;
  const rows = runs.map(([name, { run, difference }]) => [
    name,
    seconds(secondsOf(run.answer.seconds) ?? run.answer.firstSeconds),
    difference === undefined ? '–' : difference.maxOverStd.toExponential(1),
    difference === undefined ? '–' : difference.rmsOverStd.toExponential(1),
    run.answer.output.nonFinite,
  ]);
  const head = ['network, form', 's per call', 'largest difference / σ', 'rms / σ', 'NaN or infinite'];
  return `Differences are from the CPU in float32, in standard deviations of its output.\n\n${markdownTable(head, rows)}`;
}

function diffusersPart({ notCompared, versions, calls, differences }: DiffusersFigures): string {
  const title = '## diffusers eager on the same card';
  if (notCompared !== undefined) return `${title}\n\nNot compared: ${notCompared}`;
  const rows = Object.values(calls).map(({ name, seconds: times, peakBytes, error }) => [
    name,
    error ?? seconds(secondsOf(times)),
    memory(peakBytes),
    differences[name]?.maxOverStd.toExponential(1) ?? '–',
    differences[name]?.rmsOverStd.toExponential(1) ?? '–',
  ]);
  const head = ['call', 's', 'GB allocated, peak', 'largest difference / σ', 'rms / σ'];
  return `${title}\n\n${versions}; differences as above, its own from the CPU.\n\n${markdownTable(head, rows)}`;
}

function demoPart({ clips, fromCpu, log }: DemoFigures): string {
  const [clip] = clips;
  const { count, mean, leastStd, black, motion } = clip?.frames ?? {};
  const lines = [
    `${count} frames, mean ${mean?.toFixed(1)}, the most uniform frame's σ ${leastStd?.toFixed(1)}, ${black} black, ${motion?.toFixed(2)} from frame to frame (grey levels).`,
    `From the CPU's frames in float32: ${fromCpu.mean.toFixed(3)} on average, ${fromCpu.most} at the most.`,
    ...log,
  ];
  return `## The demo model's clip\n\n${lines.join('\n')}`;
}

function doctorPart(findings: readonly Finding[]): string {
  return `## Doctor\n\n${markdownTable(
    ['check', '', ''],
    findings.map(({ check, verdict, text }) => [check, verdict, text.replaceAll('|', '/')]),
  )}`;
}

function profilePart(name: string, { seconds: call, operators }: ProfileFigures): string {
  const total = operators.reduce((sum, { seconds: own }) => sum + own, 0);
  const rows = operators
    .slice(0, listedOperators)
    .map(({ opType, count, seconds: own }) => [opType, count, own.toFixed(4), `${((100 * own) / total).toFixed(1)} %`]);
  const rest = operators.slice(listedOperators);
  if (rest.length > 0) {
    const own = rest.reduce((sum, { seconds: one }) => sum + one, 0);
    const count = rest.reduce((sum, { count: one }) => sum + one, 0);
    rows.push([`${rest.length} others`, count, own.toFixed(4), `${((100 * own) / total).toFixed(1)} %`]);
  }
  const words = `${seconds(call)} s per call while each kernel is waited for (CUDA_LAUNCH_BLOCKING=1), ${seconds(total)} s of it in operators.`;
  return `## Profile: ${name}\n\n${words}\n\n${markdownTable(['operator', 'number', 's', 'share'], rows)}`;
}

function failuresPart(results: Results): string | undefined {
  const lines = ['provider', ...sectionNames].flatMap((section) =>
    Object.entries(results.read(section).failures).map(([name, reason]) => `- ${section}, ${name}: ${reason}`),
  );
  return lines.length === 0 ? undefined : `## What failed\n\n${lines.join('\n')}`;
}
