import type { RgbFrames, Size } from '../util/rgb.ts';
import { type Bands, brightnessOf, colourOf, detailBands, type Look, lookOf } from './picture-look.ts';

/**
 * How far a frame may be from what it is matched to: up to `full` all of the distance is taken back, from `none` on
 * nothing, and in between less and less. What is further away is no drift but another content: a cut, a camera that
 * has moved on, a light that was switched on.
 */
interface Bound {
  full: number;
  none: number;
}

/** Of a channel's mean, in levels of 8 bits. A clip's own drift was below 4 levels in each that was measured. */
const meanBound: Bound = { full: 6, none: 18 };

/** Of a channel's standard deviation, and of a band's energy: natural logarithms of ratios. */
const contrastBound: Bound = { full: Math.log(1.2), none: Math.log(1.6) };
const detailBound: Bound = { full: Math.log(1.5), none: Math.log(2.5) };

/** Below such a standard deviation, in levels, there is no contrast or detail to speak of, and none to be matched. */
const least = { deviation: 1, detail: 0.25 } as const;

/** What the frames of a new part are matched to. */
interface MatchLookOptions {
  /** The last frame before them, of which the first of `frames` is the model's own rendering. */
  last: Uint8Array;
  /** The frame whose look the last of `frames` is to have; left out: they keep what they do of themselves. */
  reference?: Uint8Array;
}

/**
 * Takes back what a model's pass does to the colours and the sharpness of a clip that goes on: each frame gets the mean and
 * the standard deviation of each channel, and the energy of its fine detail, that `last` has, and on the way to the last
 * frame more and more those of `reference`. So nothing jumps where the parts meet, and nothing adds up over many parts.
 * What differs by more than drift does is left alone, see {@link Bound}.
 */
export function* matchLook(
  { width, height, frames }: RgbFrames,
  { last, reference }: MatchLookOptions,
): Generator<Uint8Array, void> {
  const size = { width, height };
  const from = lookOf(last, size);
  const rendered = lookOf(frames[0]!, size);
  const to = reference && lookOf(reference, size);
  // A reference that shows something else, since there was a cut, says nothing of drift.
  const pull = to === undefined ? 0 : trustOf(distanceOf(from, to)).detail;
  for (const [index, frame] of frames.entries()) {
    const share = frames.length === 1 ? 0 : smoothStep(index / (frames.length - 1));
    const own = lookOf(frame, size);
    const target = combine([from, to ?? from, rendered, own], ([start, end, first, value]) => {
      const towardsReference = start + (end - start) * share - value;
      // Without a reference, what the frames themselves change stays, and the correction of the first one fades.
      const awayFromSeam = (start - first) * (1 - share);
      return value + pull * towardsReference + (1 - pull) * awayFromSeam;
    });
    yield correct(frame, size, { present: own, target });
  }
}

/** 0 to 1, level at both ends. */
function smoothStep(x: number): number {
  return x * x * (3 - 2 * x);
}

type Four<Value> = [Value, Value, Value, Value];

/** A look whose every figure is reckoned from those of four. */
function combine(looks: Four<Look>, reckon: (figures: Four<number>) => number): Look {
  const each = (of: (look: Look) => readonly number[]) =>
    of(looks[0]).map((_, at) => reckon(looks.map((look) => of(look)[at]!) as Four<number>));
  return {
    mean: each(({ mean }) => mean),
    deviation: each(({ deviation }) => deviation),
    detail: each(({ detail }) => detail),
  };
}

/** 1 within the bound, 0 beyond it. */
function trust(distance: number, { full, none }: Bound): number {
  return Math.min(1, Math.max(0, (none - Math.abs(distance)) / (none - full)));
}

/** The logarithms of what each value has to be multiplied by; 0 where there is too little to be matched. */
function logRatios(present: readonly number[], target: readonly number[], lowest: number): number[] {
  return present.map((value, at) => {
    const wanted = target[at]!;
    return value < lowest || wanted < lowest ? 0 : Math.log(wanted / value);
  });
}

/** What leads from one look to another: differences of means, logarithms of the ratios of the others. */
interface Distance {
  shifts: number[];
  contrasts: number[];
  details: number[];
}

function distanceOf(present: Look, target: Look): Distance {
  return {
    shifts: present.mean.map((mean, channel) => target.mean[channel]! - mean),
    contrasts: logRatios(present.deviation, target.deviation, least.deviation),
    details: logRatios(present.detail, target.detail, least.detail),
  };
}

/**
 * How much of a distance is drift. One weight for all channels, so that none is corrected alone, which would tint the
 * frame; detail is not matched where colours are not.
 */
function trustOf({ shifts, contrasts, details }: Distance): { colour: number; detail: number } {
  const colour = Math.min(
    ...shifts.map((shift) => trust(shift, meanBound)),
    ...contrasts.map((contrast) => trust(contrast, contrastBound)),
  );
  return { colour, detail: Math.min(colour, ...details.map((detail) => trust(detail, detailBound))) };
}

/** How a frame is brought from one look to another. */
interface Correction {
  present: Look;
  target: Look;
}

function correct(frame: Uint8Array, size: Size, { present, target }: Correction): Uint8Array {
  const distance = distanceOf(present, target);
  const { shifts, contrasts, details } = distance;
  const { colour: colourTrust, detail: detailTrust } = trustOf(distance);
  if (colourTrust === 0) return frame;
  // Contrast is detail too, and follows.
  const contrast = (contrasts.reduce((sum, value) => sum + value, 0) / contrasts.length) * colourTrust;
  const gains = details.map((detail) => (detail === 0 ? 1 : Math.exp(detail * detailTrust - contrast)));
  const { values, before, after } = withDetail(frame, size, gains);
  const scales = contrasts.map((each, channel) =>
    each === 0 ? 1 : (Math.exp(each * colourTrust) * before.deviation[channel]!) / after.deviation[channel]!,
  );
  const offsets = scales.map((scale, channel) => {
    const mean = before.mean[channel]! + shifts[channel]! * colourTrust;
    return mean - scale * after.mean[channel]!;
  });
  const out = new Uint8ClampedArray(frame.length);
  for (let channel = 0; channel < 3; channel++) {
    const [scale, offset] = [scales[channel]!, offsets[channel]!];
    // Rounds and clamps.
    for (let at = channel; at < out.length; at += 3) out[at] = values[at]! * scale + offset;
  }
  return new Uint8Array(out.buffer);
}

/**
 * A frame whose bands of detail have so many times the energy, and its colours before and after. The same is added to
 * all channels, so that no coloured edges arise.
 */
function withDetail(frame: Uint8Array, size: Size, gains: readonly number[]) {
  const before = colourOf(frame);
  const values = Float32Array.from(frame);
  if (gains.every((gain) => gain === 1)) return { values, before, after: before };
  const bands = detailBands(brightnessOf(frame), size);
  const shares = bandShares(bands, size, gains);
  for (const [index, band] of bands.entries()) {
    const share = shares[index]!;
    for (let pixel = 0, at = 0; pixel < band.length; pixel++) {
      const lift = band[pixel]! * share;
      values[at++]! += lift;
      values[at++]! += lift;
      values[at++]! += lift;
    }
  }
  return { values, before, after: colourOf(values) };
}

/** Enough for {@link bandShares} to be exact to a thousandth. */
const rounds = 20;

/**
 * How much of each band has to be added, so that the bands of the sum have so many times the energy. Bands overlap: what one
 * gains, others gain in part. So the energies are those of the bands' own bands, as quadratic forms of the shares.
 */
function bandShares(bands: Bands, size: Size, gains: readonly number[]): number[] {
  const parts = bands.map((band) => detailBands(band, size));
  const forms = bands.map((band, index) => {
    const terms = [band, ...parts.map((part) => part[index]!)];
    return terms.map((one) => terms.map((other) => product(one, other)));
  });
  const factors = gains.map(() => 1);
  for (let round = 0; round < rounds; round++) {
    const weights = [1, ...factors.map((factor) => factor - 1)];
    const reached = forms.map((form) =>
      form.reduce(
        (sum, row, i) => sum + row.reduce((part, value, j) => part + value * weights[i]! * weights[j]!, 0),
        0,
      ),
    );
    for (const [index, gain] of gains.entries()) {
      const wanted = gain * gain * forms[index]![0]![0]!;
      if (wanted > 0 && reached[index]! > 0) factors[index]! *= Math.sqrt(wanted / reached[index]!);
      // Never turned over, and no more than the bound allows for, however the bands lie.
      factors[index] = Math.min(most, Math.max(0, factors[index]!));
    }
  }
  return factors.map((factor) => factor - 1);
}

/** A band is multiplied by no more than this. */
const most = 2;

function product(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at]! * other[at]!;
  return sum / one.length;
}
