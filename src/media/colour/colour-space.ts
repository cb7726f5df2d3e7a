/** CIE 1931 chromaticities x, y of red, green, blue and white. */
type Primaries = readonly [number, number, number, number, number, number, number, number];

/** How the numbers of a picture are meant, where its file says that they are not sRGB. */
export interface ColourSpace {
  primaries: Primaries;
  /**
   * A value 0 … 1 as light. `standard` and `pq`: of the light on a display, where 1 is white (`pq`: 203 cd/m², brighter
   * places are above 1); `hlg`: of the light before the camera, 1 being the brightest.
   */
  toLinear: (value: number) => number;
  range: 'standard' | 'pq' | 'hlg';
}

const d65 = [0.3127, 0.329] as const;
const illuminantC = [0.31, 0.316] as const;

/** By the code points of ITU-T H.273, table 2, which PNG's cICP and AVIF's nclx use. */
const primariesByCode: Readonly<Record<number, Primaries>> = {
  1: [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, ...d65], // BT.709 and sRGB
  4: [0.67, 0.33, 0.21, 0.71, 0.14, 0.08, ...illuminantC], // BT.470 M
  5: [0.64, 0.33, 0.29, 0.6, 0.15, 0.06, ...d65], // BT.470 BG
  6: [0.63, 0.34, 0.31, 0.595, 0.155, 0.07, ...d65], // SMPTE 170M
  7: [0.63, 0.34, 0.31, 0.595, 0.155, 0.07, ...d65], // SMPTE 240M
  8: [0.681, 0.319, 0.243, 0.692, 0.145, 0.049, ...illuminantC], // film
  9: [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, ...d65], // BT.2020
  10: [1, 0, 0, 1, 0, 0, 1 / 3, 1 / 3], // SMPTE 428-1
  11: [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351], // DCI-P3
  12: [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, ...d65], // Display P3
  22: [0.63, 0.34, 0.295, 0.605, 0.155, 0.077, ...d65], // EBU 3213-E
};

/** sRGB's own. */
export const srgbPrimaries = primariesByCode[1]!;

const power = (exponent: number) => (value: number) => value ** exponent;

/** By the code points of H.273, table 3. Those that Chromium does not know are left out, as it takes such files for sRGB. */
const transfersByCode: Readonly<Record<number, Pick<ColourSpace, 'toLinear' | 'range'>>> = {
  1: { toLinear: power(2.4), range: 'standard' }, // BT.709, as displays show it (BT.1886)
  4: { toLinear: power(2.2), range: 'standard' },
  5: { toLinear: power(2.8), range: 'standard' },
  6: { toLinear: power(2.4), range: 'standard' },
  7: {
    toLinear: (value) => (value < 0.0912 ? value / 4 : ((value + 0.1115) / 1.1115) ** (1 / 0.45)),
    range: 'standard',
  },
  8: { toLinear: power(1), range: 'standard' },
  11: { toLinear: power(2.4), range: 'standard' },
  13: { toLinear: srgbToLinear, range: 'standard' },
  14: { toLinear: power(2.4), range: 'standard' },
  15: { toLinear: power(2.4), range: 'standard' },
  16: { toLinear: pqToLinear, range: 'pq' },
  17: { toLinear: (value) => (52.37 / 48) * value ** 2.6, range: 'standard' },
  18: { toLinear: hlgToLinear, range: 'hlg' },
};

/** Of video, which still pictures only borrow: Chromium shows AVIF pictures that name them as sRGB. */
const videoTransfers = new Set([1, 6, 14, 15]);

/**
 * The space that two code points name.
 * @returns undefined for sRGB itself and for code points that name nothing
 */
export function spaceOfCodes(
  primaries: number,
  transfer: number,
  { videoIsSrgb = false }: { videoIsSrgb?: boolean } = {},
): ColourSpace | undefined {
  const transferCode = videoIsSrgb && videoTransfers.has(transfer) ? 13 : transfer;
  const [xy, curve] = [primariesByCode[primaries], transfersByCode[transferCode]];
  if (xy === undefined || curve === undefined || (primaries === 1 && transferCode === 13)) return undefined;
  return { primaries: xy, ...curve };
}

/** A space whose values are light to the power of 1/`exponent`. */
export function spaceOfGamma(primaries: Primaries, exponent: number): ColourSpace {
  return { primaries, toLinear: power(exponent), range: 'standard' };
}

function srgbToLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

export function linearToSrgb(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}

/** cd/m² of white where HDR and SDR stand side by side, by ITU-R BT.2408. */
export const whiteNits = 203;

/** SMPTE ST 2084, in multiples of {@link whiteNits}. */
function pqToLinear(value: number): number {
  const root = value ** (32 / 2523);
  const [c1, c2, c3] = [3424 / 4096, 2413 / 128, 2392 / 128];
  return (10_000 / whiteNits) * (Math.max(0, root - c1) / (c2 - c3 * root)) ** (16_384 / 2610);
}

/** ARIB STD-B67 (BT.2100): light before the camera, 0 … 1. */
function hlgToLinear(value: number): number {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  return value <= 0.5 ? (value * value) / 3 : (Math.exp((value - c) / a) + b) / 12;
}

type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** From linear values of these primaries to linear sRGB, white staying white (Bradford). */
export function matrixToSrgb(primaries: Primaries): Matrix {
  const own = toXyz(primaries);
  const srgb = toXyz(srgbPrimaries);
  return multiply(inverse(srgb), multiply(adaptation(whiteOf(primaries), whiteOf(srgbPrimaries)), own));
}

type Vector = readonly [number, number, number];

function whiteOf(primaries: Primaries): Vector {
  return xyz(primaries[6], primaries[7]);
}

/** XYZ of a chromaticity, Y being 1; of those with y = 0 the sum is 1 instead. */
function xyz(x: number, y: number): Vector {
  return y === 0 ? [x, 0, 1 - x] : [x / y, 1, (1 - x - y) / y];
}

function toXyz(primaries: Primaries): Matrix {
  const [red, green, blue] = [0, 2, 4].map((at) => xyz(primaries[at]!, primaries[at + 1]!)) as [Vector, Vector, Vector];
  const columns: Matrix = [red[0], green[0], blue[0], red[1], green[1], blue[1], red[2], green[2], blue[2]];
  const [r, g, b] = times(inverse(columns), whiteOf(primaries));
  return multiply(columns, [r, 0, 0, 0, g, 0, 0, 0, b]);
}

const bradford: Matrix = [0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296];

function adaptation(from: Vector, to: Vector): Matrix {
  const [source, target] = [times(bradford, from), times(bradford, to)];
  const scale: Matrix = [target[0] / source[0], 0, 0, 0, target[1] / source[1], 0, 0, 0, target[2] / source[2]];
  return multiply(inverse(bradford), multiply(scale, bradford));
}

function times([a, b, c, d, e, f, g, h, i]: Matrix, [x, y, z]: Vector): Vector {
  return [a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z];
}

function multiply(left: Matrix, right: Matrix): Matrix {
  const column = (at: number) => times(left, [right[at]!, right[at + 3]!, right[at + 6]!]);
  const [first, second, third] = [column(0), column(1), column(2)];
  return [first[0], second[0], third[0], first[1], second[1], third[1], first[2], second[2], third[2]];
}

function inverse([a, b, c, d, e, f, g, h, i]: Matrix): Matrix {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const cofactors: Matrix = [
    ...[e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f],
    ...[d * h - e * g, b * g - a * h, a * e - b * d],
  ] as unknown as Matrix;
  return cofactors.map((value) => value / det) as unknown as Matrix;
}
