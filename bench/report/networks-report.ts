import { type Contender, contenders, type NetworkFigures, type NetworksFigures } from '../sections/networks.ts';
import type { CaseName } from '../side/cases.ts';
import { gigabytes, markdownTable, median } from './tables.ts';

const titles: Readonly<Record<CaseName, string>> = {
  'unet-1': 'UNet, 14×256×256, one branch',
  'unet-2': 'UNet, 14×256×256, with guidance',
  'vae-encoder': 'VAE encoder, 256×256',
  'vae-decoder': 'VAE decoder, 4×256×256',
  'image-encoder': 'CLIP, 224×224',
};

/** How much quicker than diffusers each network is to be. */
const wanted: Partial<Record<CaseName, number>> = { 'unet-1': 1.25, 'vae-decoder': 1.1, 'image-encoder': 1.1 };

const limit = 1e-3;

/** Differences from diffusers, in standard deviations of its output. */
export function exactnessTable(figures: NetworksFigures): string {
  const rows = named(figures).flatMap(([name, { differences }]) =>
    Object.entries(differences).map(([contender, { maxOverStd, rmsOverStd }]) => {
      const verdict = !contender.startsWith('kinora') ? '' : maxOverStd <= limit ? 'yes' : '**no**';
      return [
        titles[name],
        labelOf(contender, name),
        maxOverStd.toExponential(1),
        rmsOverStd.toExponential(1),
        verdict,
      ];
    }),
  );
  return markdownTable(['call', 'side', 'max / std', 'rms / std', '≤ 1e-3'], rows);
}

/** Medians of the calls that count, and their ratios. */
export function speedTable(figures: NetworksFigures): string {
  const rows = named(figures).flatMap(([name, own]) => {
    const target = wanted[name];
    if (target === undefined) return [];
    const theirs = secondsOf(own, 'diffusers');
    const present = contenders.filter((contender) => (own.runs[contender] ?? []).length > 0);
    return present.map((contender) => {
      const seconds = secondsOf(own, contender);
      const ratio = theirs / seconds;
      const toOpenvino = secondsOf(own, 'openvino') / seconds;
      const reached = contender === 'kinora-prepacked' ? (ratio >= target ? 'yes' : `no, ${target} wanted`) : '';
      return [
        titles[name],
        labelOf(contender, name),
        seconds.toFixed(2),
        ratio.toFixed(2),
        Number.isNaN(toOpenvino) ? '' : toOpenvino.toFixed(2),
        reached,
      ];
    });
  });
  return markdownTable(['call', 'side', 's', '× diffusers', '× OpenVINO', 'reached'], rows);
}

/** Who did not take part, and why, as sentences. */
export function skippedText(figures: NetworksFigures): string {
  return named(figures)
    .flatMap(([name, { skipped = {} }]) =>
      Object.entries(skipped).map(
        ([side, reason]) => `\n${titles[name]}: ${labelOf(side, name)} was left out (${reason}).\n`,
      ),
    )
    .join('');
}

/** A contender by what it is. */
function labelOf(contender: string, name: CaseName): string {
  const [side = '', mode] = contender.split('-');
  const isExported = side === 'openvino' && name.startsWith('unet');
  const graph = isExported ? " on Kinora's exported graph" : '';
  return mode === 'bf16' ? `${side}${graph}, in bfloat16` : `${contender}${graph}`;
}

/** From the start of a process until its network could take the first call. */
export function startTable(figures: NetworksFigures): string {
  const rows = named(figures).flatMap(([name, { runs }]) =>
    contenders.flatMap((contender) => {
      const results = runs[contender] ?? [];
      if (results.length === 0 || wanted[name] === undefined) return [];
      const peak = (field: 'peakRssBytes' | 'peakAnonymousBytes') =>
        gigabytes(median(results.map((result) => result[field])));
      const ready = median(results.map(({ readySeconds }) => readySeconds)).toFixed(2);
      return [[titles[name], labelOf(contender, name), ready, peak('peakAnonymousBytes'), peak('peakRssBytes')]];
    }),
  );
  return markdownTable(['network', 'side', 's until ready', 'GB anonymous, peak', 'GB resident, peak'], rows);
}

/** The median over rounds; where a process made several calls, its first is a warm-up. */
function secondsOf({ runs }: NetworkFigures, contender: Contender): number {
  return median((runs[contender] ?? []).flatMap(({ seconds }) => (seconds.length > 1 ? seconds.slice(1) : seconds)));
}

function named(figures: NetworksFigures): [CaseName, NetworkFigures][] {
  return Object.entries(figures) as [CaseName, NetworkFigures][];
}
