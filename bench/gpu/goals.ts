import { median } from '../report/tables.ts';
import { areWhole } from './look-at-frames.ts';
import type { Results } from './results.ts';
import type { ClipFigures, ClipMode, DemoFigures } from './sections/clip.ts';
import type { DiffusersFigures } from './sections/diffusers.ts';
import type { MachineFigures } from './sections/machine.ts';
import type { ComparedNetwork } from './sections/networks.ts';
import type { DecodeFigures, StepFigures } from './sections/timing.ts';
import type { ClipSize } from './sizes.ts';

/** A goal and how it was met. */
export interface Goal {
  goal: string;
  wanted: string;
  /** Undefined where nothing was measured. */
  measured: string | undefined;
  verdict: 'met' | 'MISSED' | 'not measured' | 'not judged';
}

/** Cards that the clip's seconds are set for: NVIDIA's Hopper generation of 80 GB and more, and later ones. */
const largeCards = /\b(H100|H200|H800|GH200|B100|B200|GB200)\b/;

/** The largest difference from the CPU in float32, in standard deviations of the output, that is right in half precision. */
const rightDifference = 0.05;

/** Bytes that a card of 16 GB has for a process. */
const smallCardBytes = 16e9;

/** What is judged. */
interface JudgeOptions {
  clip: ClipSize;
  /** Figures of a small model on a processor, which meet or miss nothing. */
  isRehearsal: boolean;
}

/** Sets what was measured against what is wanted. */
export function judge(results: Results, { clip: { decodeChunk }, isRehearsal }: JudgeOptions): Goal[] {
  const read = <Figures>(section: string) => results.read(section).measures as Partial<Record<string, Figures>>;
  const card = read<MachineFigures>('machine').machine?.cards[0]?.name;
  const clips = read<ClipFigures>('clip') as Partial<Record<ClipMode, ClipFigures>>;
  const steps = read<StepFigures>('step');
  const decodes = read<DecodeFigures>('decode');
  const diffusers = read<DiffusersFigures>('diffusers').diffusers;
  const demo = read<DemoFigures>('demo').demo;

  const whole = fastest([clips.resident?.clips.at(-1)?.seconds, clips['model-offload']?.clips.at(-1)?.seconds]);
  const isLarge = card !== undefined && largeCards.test(card);
  const first = clips['model-offload']?.clips[0]?.firstStepSeconds;
  const memory = clips.split?.cardBytes;
  const networks = Object.entries(read<ComparedNetwork>('networks')).flatMap(([name, compared]) =>
    compared?.difference === undefined ? [] : [{ name, ...compared.difference }],
  );
  const worst = networks.toSorted((a, b) => b.maxOverStd - a.maxOverStd)[0];
  const looks = [...Object.values(clips), ...(demo === undefined ? [] : [demo])].flatMap((runs) =>
    (runs?.clips ?? []).map(({ frames }) => frames),
  );
  const wholeClips = looks.filter(areWhole).length;

  const goals: Goal[] = [
    {
      goal: 'whole clip, with the process running, on a card of the H100 and H200 class',
      ...atMost(whole, 15, 's'),
      ...(!isLarge && whole !== undefined && { verdict: 'not judged' as const }),
    },
    { goal: 'first step, from the start of the render process', ...atMost(first, 20, 's') },
    {
      goal: `memory of the card with GUIDANCE_BATCH=split, decoding ${decodeChunk} frames at once`,
      ...atMost(memory === undefined ? undefined : memory / 1e9, smallCardBytes / 1e9, 'GB'),
    },
    {
      goal: 'UNet step beside diffusers eager',
      ...beside(bestStep(steps), secondsOf(diffusers?.calls.step?.seconds), diffusers?.notCompared),
    },
    {
      goal: `decoding ${decodeChunk} frames beside diffusers eager`,
      ...beside(
        secondsOf(decodes[`channels-last, ${decodeChunk}`]?.answer.seconds),
        secondsOf(diffusers?.calls.decode?.seconds),
        diffusers?.notCompared,
      ),
    },
    {
      goal: 'every network beside the CPU in float32, in standard deviations',
      wanted: `at most ${rightDifference}`,
      measured: worst && `${worst.maxOverStd.toPrecision(2)} (${worst.name})`,
      verdict: worst === undefined ? 'not measured' : worst.maxOverStd <= rightDifference ? 'met' : 'MISSED',
    },
    {
      goal: 'a picture in every frame of every clip',
      wanted: 'all',
      measured: looks.length === 0 ? undefined : `${wholeClips} of ${looks.length} clips`,
      verdict: looks.length === 0 ? 'not measured' : wholeClips === looks.length ? 'met' : 'MISSED',
    },
  ];
  return isRehearsal ? goals.map((goal) => ({ ...goal, verdict: 'not judged' })) : goals;
}

/** Seconds of a step of guidance in the form that is used. */
function bestStep(steps: Partial<Record<string, StepFigures>>): number | undefined {
  return secondsOf(steps['channels-last, batched']?.answer.seconds);
}

/** The middle of some calls; undefined where there are none. */
export function secondsOf(seconds: readonly number[] | undefined): number | undefined {
  return seconds === undefined || seconds.length === 0 ? undefined : median(seconds);
}

function fastest(seconds: readonly (number | undefined)[]): number | undefined {
  const known = seconds.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function atMost(value: number | undefined, limit: number, unit: string): Omit<Goal, 'goal'> {
  return {
    wanted: `under ${limit} ${unit}`,
    measured: value === undefined ? undefined : `${value.toFixed(1)} ${unit}`,
    verdict: value === undefined ? 'not measured' : value < limit ? 'met' : 'MISSED',
  };
}

function beside(
  own: number | undefined,
  other: number | undefined,
  notCompared: string | undefined,
): Omit<Goal, 'goal'> {
  const wanted = 'no slower';
  if (own === undefined || other === undefined) {
    const why = notCompared === undefined ? undefined : 'not compared: no PyTorch with this card';
    return { wanted, measured: why, verdict: 'not measured' };
  }
  const measured = `${own.toFixed(3)} s beside ${other.toFixed(3)} s`;
  return { wanted, measured, verdict: own <= other ? 'met' : 'MISSED' };
}
