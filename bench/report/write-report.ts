import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClipFigures } from '../sections/clip.ts';
import type { DeepCacheFigures } from '../sections/deep-cache.ts';
import type { GrowthFigures } from '../sections/growth.ts';
import { type MemoryPoint, memoryClip } from '../sections/memory.ts';
import type { NetworksFigures } from '../sections/networks.ts';
import type { ProfileFigures } from '../sections/profiles.ts';
import { loadFigures } from '../sections/section.ts';
import type { StartFigures } from '../sections/start.ts';
import { type Curve, fitLine, fitPower, growthPlot } from './growth-plot.ts';
import { readParts, writePart } from './keep-parts.ts';
import { loadText, machine } from './machine.ts';
import { exactnessTable, skippedText, speedTable, startTable } from './networks-report.ts';
import { gigabytes, markdownTable, median } from './tables.ts';

const benchDir = new URL('..', import.meta.url).pathname;

/**
 * Writes the figures of the networks as a part of bench/RESULTS.md of its own and leaves the rest as it is: for a second
 * machine beside the one that the report is of.
 * @param name of the part
 */
export function writeNetworksPart(name: string, workDir: string, threads: number): void {
  const figures = loadFigures<NetworksFigures>(workDir, 'networks');
  if (figures === undefined) return;
  const profiles = loadFigures<ProfileFigures>(workDir, 'profiles');
  const text = [networkParts(figures), ...(profiles === undefined ? [] : [profilePart(profiles)])].join('\n\n');
  writePart(
    name,
    `## Another machine: ${machine()}\n\n${threads} threads; ${loadText()}.\n\n${text.replaceAll(/^##/gm, '###')}`,
  );
}

/** Writes bench/RESULTS.md and the plot from the figures of whatever sections have run. */
export function writeReport(workDir: string, threads: number): void {
  const load = <Figures>(section: string) => loadFigures<Figures>(workDir, section);
  const networks = load<NetworksFigures>('networks');
  const start = load<StartFigures>('start');
  const clip = load<ClipFigures>('clip');
  const profiles = load<ProfileFigures>('profiles');
  const growth = load<GrowthFigures>('growth');
  const memory = load<MemoryPoint[]>('memory');
  const caching = load<DeepCacheFigures>('deep-cache');
  const parts = [
    head(threads),
    networks && networkParts(networks),
    start && startPart(start),
    clip && clipPart(clip),
    memory && memoryPart(memory),
    growth && growthPart(growth),
    caching &&
      `## DeepCache\n\n\`--deep-cache-interval N\`: the whole UNet in every Nth step only. ${caching.markdown}`,
    profiles && profilePart(profiles),
    ...readParts(),
  ];
  writeFileSync(join(benchDir, 'RESULTS.md'), `${parts.filter((part) => part !== undefined).join('\n\n')}\n`);
}

function head(threads: number): string {
  return `# Measurements

Written by \`npm run bench\` (see [README.md](README.md)); what the figures mean, and why some targets are out of reach,
is in [ANALYSIS.md](ANALYSIS.md).

${machine()}, ${threads} threads for every side.
The networks have the published configs of SVD XT 1.1 and random weights, in float32. Sides take turns, each in a
process of its own; seconds are medians.`;
}

function networkParts(figures: NetworksFigures): string {
  return `## Exactness against diffusers

The same file and the same inputs; the largest difference in standard deviations of diffusers' output.

${exactnessTable(figures)}

## Speed

\`kinora-prepacked\` and \`kinora-mmap\` are \`--memory prepacked\` and \`--memory mmap\`; \`diffusers\` is PyTorch eager;
\`openvino\` runs diffusers' module, converted by OpenVINO, and the UNet as \`kinora export onnx\` writes it, since converting that
takes more memory than machines have; a clip's conditioning is made before the call there, as in Kinora. All are in float32 (24 significant bits) but those that say
bfloat16 (8): how far that takes them from float32 is in the table above.
${skippedText(figures)}
${speedTable(figures)}

## Start and memory of single networks

Until the network could take its first call, from the start of its process.

${startTable(figures)}`;
}

function startPart({ diffusers, 'kinora-mmap': mapped }: StartFigures): string {
  const ours = median(mapped);
  return `## From start to first step

Median from the start of a process until the full-size UNet can take its first step, files in the page cache: Kinora,
compiled to JavaScript, in mmap mode ${ours.toFixed(2)} s, of which the conditioning graph is a part (wanted: 2 s${ours <= 2 ? '' : '; **not reached**'});
diffusers' \`from_pretrained\` of the UNet ${median(diffusers).toFixed(2)} s.`;
}

function clipPart({ diffusers, kinora, latents, frames }: ClipFigures): string {
  const row = (name: string, pick: (side: typeof kinora) => string) => [name, pick(diffusers), pick(kinora)];
  const seconds = (value: number | undefined) => (value ?? Number.NaN).toFixed(1);
  const table = markdownTable(
    ['', 'diffusers', 'Kinora, mmap, sequential-offload'],
    [
      row('seconds from process start until ready', ({ readySeconds }) => seconds(readySeconds)),
      row('seconds until the first step is done', ({ firstStepSeconds }) => seconds(firstStepSeconds)),
      row('seconds until latents are done', ({ denoiseSeconds }) => seconds(denoiseSeconds)),
      row('seconds of decoding', ({ decodeSeconds }) => seconds(decodeSeconds)),
      row('seconds of the whole clip', ({ seconds: [all] }) => seconds(all)),
      row('GB anonymous, peak', ({ peakAnonymousBytes }) => gigabytes(peakAnonymousBytes)),
      row('GB resident, peak', ({ peakRssBytes }) => gigabytes(peakRssBytes)),
    ],
  );
  const share = kinora.peakRssBytes / diffusers.peakRssBytes;
  const anonymous = kinora.peakAnonymousBytes;
  return `## A whole clip

14 frames of 256×256, 2 steps with guidance, decoded four at a time.

${table}

- Peak of resident memory: ${(100 * share).toFixed(1)} % of diffusers' (wanted: at most 60 %${share <= 0.6 ? '' : '; **not reached**'}).
- Anonymous memory: ${gigabytes(anonymous)} GB (wanted: under 3 GB${anonymous < 3e9 ? '' : '; **not reached**'}).
- Largest difference over standard deviation: latents ${latents.maxOverStd.toExponential(1)}, frames
  ${frames.maxOverStd.toExponential(1)} (wanted: at most 1e-3).`;
}

function memoryPart(points: MemoryPoint[]): string {
  const { frames, size, decodeChunk } = memoryClip;
  const table = markdownTable(
    ['MEMORY_MODE, CPU_MEMORY, GUIDANCE_BATCH', 'GB anonymous, peak', 'GB resident, peak', 's', 'max / std from first'],
    points.map(({ name, result, maxOverStd }) => [
      name,
      gigabytes(result.peakAnonymousBytes),
      gigabytes(result.peakRssBytes),
      (result.seconds[0] ?? Number.NaN).toFixed(1),
      maxOverStd === 0 ? '0' : maxOverStd.toExponential(1),
    ]),
  );
  return `## Memory modes

Peaks of a full-size clip: ${frames} frames of ${size}×${size}, one step with guidance, decoded ${decodeChunk} at a time.
Weights are 5.5 GB for a UNet step, 2.5 GB for CLIP and 0.4 GB for the VAE in float32; activations grow with the clip.

${table}`;
}

function growthPart({ frames, sizes, steps }: GrowthFigures): string {
  const curves: Curve[] = [
    { label: 'frames, at 128×128', points: frames },
    { label: 'side in pixels, 4 frames', points: sizes },
  ];
  writeFileSync(join(benchDir, 'growth.svg'), growthPlot(curves));
  const line = fitLine(steps.map(({ at, seconds }) => ({ x: at, y: seconds })));
  const rows = [...curves, { label: 'steps, 4×128×128, with guidance', points: steps }].map(({ label, points }) => [
    label,
    points.map(({ at }) => at).join(', '),
    points.map(({ seconds }) => seconds.toFixed(2)).join(', '),
    fitPower(points).exponent.toFixed(2),
  ]);
  return `## How cost grows

The full-size UNet in mmap mode, one call; for steps, everything of a clip until decoding.

${markdownTable(['what grows', 'values', 'seconds', 'exponent'], rows)}

Steps: ${line.intercept.toFixed(1)} s for everything that happens once, and ${line.slope.toFixed(2)} s for each step.

![Seconds by frames and by size](growth.svg)`;
}

function profilePart({ tables }: ProfileFigures): string {
  return `## Profiles

By ONNX Runtime's profiler; multiplications and additions counted, set against the rate of a 2048×2048 matrix product.

${tables.map(({ network, markdown }) => `### ${network}\n\n${markdown.trim()}`).join('\n\n')}`;
}
