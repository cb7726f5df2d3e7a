import { type ColourSpace, linearToSrgb, matrixToSrgb, srgbPrimaries, whiteNits } from './colour-space.ts';

/** Pixels as a decoder gives them. */
export interface RawPixels {
  /** 8 or 16 bits a channel. */
  data: Uint8Array | Uint16Array;
  /** RGB, or RGB and alpha. */
  channels: 3 | 4;
  /** The value that stands for 1. */
  maxValue: number;
}

/** Steps of the table from light to bytes: near black a step is a twentieth of a grey level. */
const lightSteps = 65_535;

/** Converts colours to 8-bit sRGB as Chromium shows them; alpha stays as it is. What sRGB cannot show is clipped. */
export function toSrgb({ data, channels, maxValue }: RawPixels, space: ColourSpace): Uint8Array {
  const out = new Uint8Array(data.length);
  const light = Float64Array.from({ length: maxValue + 1 }, (_, value) => space.toLinear(value / maxValue));
  if (channels === 4) {
    for (let at = 3; at < data.length; at += 4) out[at] = Math.round((data[at]! / maxValue) * 255);
  }
  if (space.primaries === srgbPrimaries && space.range === 'standard') {
    const bytes = Uint8Array.from(light, (value) => toByte(value));
    for (let at = 0; at < data.length; at += channels) {
      for (let channel = at; channel < at + 3; channel += 1) out[channel] = bytes[Math.min(data[channel]!, maxValue)]!;
    }
    return out;
  }
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = matrixToSrgb(space.primaries);
  const bytes = Uint8Array.from({ length: lightSteps + 1 }, (_, step) => toByte(step / lightSteps));
  const byteOf = (value: number) => bytes[Math.round(Math.min(Math.max(value, 0), 1) * lightSteps)]!;
  const gain = space.range === 'standard' ? undefined : gainOf(space.range);
  for (let at = 0; at < data.length; at += channels) {
    let red = light[Math.min(data[at]!, maxValue)]!;
    let green = light[Math.min(data[at + 1]!, maxValue)]!;
    let blue = light[Math.min(data[at + 2]!, maxValue)]!;
    if (gain !== undefined) {
      const factor = gain(red, green, blue);
      red *= factor;
      green *= factor;
      blue *= factor;
    }
    out[at] = byteOf(rr * red + rg * green + rb * blue);
    out[at + 1] = byteOf(gr * red + gg * green + gb * blue);
    out[at + 2] = byteOf(br * red + bg * green + bb * blue);
  }
  return out;
}

function toByte(light: number): number {
  return Math.round(linearToSrgb(Math.min(light, 1)) * 255);
}

/** The brightest place of an HDR picture where its file does not say, in multiples of {@link whiteNits}. */
const brightest = 1000 / whiteNits;

/** By how much a pixel's light is multiplied on its way to a display whose white is its brightest. */
function gainOf(range: 'pq' | 'hlg'): (red: number, green: number, blue: number) => number {
  if (range === 'pq') return (red, green, blue) => toneGain(Math.max(red, green, blue));
  // BT.2100: the display's light is the scene's times its luminance to the power of the system gamma (1.2) less one.
  return (red, green, blue) => {
    const system = brightest * (0.2627 * red + 0.678 * green + 0.0593 * blue) ** 0.2;
    return system * toneGain(system * Math.max(red, green, blue));
  };
}

/**
 * Reference white tone mapping (SMPTE ST 2094-50), as Chromium does it where a file says no more: light up to white is
 * halved, so that highlights up to {@link brightest} fit above it, along a quadratic Bézier curve that ends at 1.
 */
function toneGain(light: number): number {
  const white = 0.5;
  if (light <= 1) return white;
  if (light >= brightest) return 1 / light;
  const bend = 0.65;
  const [midX, midY] = [1 - bend + bend / white, (1 - bend) * white + bend];
  const [a, b, c] = [1 - 2 * midX + brightest, 2 * (midX - 1), 1 - light];
  const t = (-b + Math.sqrt(b * b - 4 * a * c)) / (2 * a);
  return ((1 - t) ** 2 * white + 2 * t * (1 - t) * midY + t * t) / light;
}
