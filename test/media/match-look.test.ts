import { describe, expect, it } from 'vitest';
import { matchLook } from '../../src/media/match-look.ts';
import { type Look, lookOf } from '../../src/media/picture-look.ts';

const size = { width: 64, height: 48 };
const numFrames = 8;

/** Values from 0 to 1. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A picture with shapes of every size and colours of its own, around the level `level`. */
function texture(seed: number, level = 120): Uint8Array {
  const random = noise(seed);
  const waves = Array.from({ length: 24 }, (_, at) => {
    const cycles = 1 + at;
    return {
      x: Math.round((random() - 0.5) * 2 * cycles),
      y: Math.round((random() - 0.5) * cycles),
      phase: random() * 6,
    };
  });
  const out = new Uint8Array(size.width * size.height * 3);
  for (let at = 0; at < out.length; at++) {
    const [channel, pixel] = [at % 3, Math.floor(at / 3)];
    const [x, y] = [pixel % size.width, Math.floor(pixel / size.width)];
    let value = level + channel * 12;
    for (const [index, wave] of waves.entries()) {
      const turns = (x * wave.x) / size.width + (y * wave.y) / size.height;
      value += (12 / (1 + index) ** 0.25) * Math.sin(2 * Math.PI * turns + wave.phase + channel * 0.7);
    }
    out[at] = Math.min(255, Math.max(0, Math.round(value)));
  }
  return out;
}

/** The camera moves by so many pixels; what leaves on one side comes in on the other, so that the look stays. */
function panned(frame: Uint8Array, by: number): Uint8Array {
  const { width } = size;
  return frame.map((_, at) => {
    const [channel, pixel] = [at % 3, Math.floor(at / 3)];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return frame[(y * width + ((x + by) % width)) * 3 + channel]!;
  });
}

/** What a pass does: darker by `levels`, flatter and less sharp. */
function worn(frame: Uint8Array, { levels = 0, contrast = 1, blur = 0, tint = 0 }): Uint8Array {
  const { width, height } = size;
  return frame.map((value, at) => {
    const channel = at % 3;
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    const pixel = (dx: number, dy: number) =>
      frame[(((y + dy + height) % height) * width + ((x + dx + width) % width)) * 3 + channel]!;
    const around = (pixel(-1, 0) + pixel(1, 0) + pixel(0, -1) + pixel(0, 1)) / 4;
    const softer = value + (around - value) * blur;
    return Math.min(
      255,
      Math.max(0, Math.round(128 + (softer - 128) * contrast - levels - (channel === 2 ? tint : 0))),
    );
  });
}

/** A scripted model: pans on, and from its first frame to its last wears the picture more and more. */
function part(from: Uint8Array, wear: Parameters<typeof worn>[1]): Uint8Array[] {
  return Array.from({ length: numFrames }, (_, index) => {
    const share = (1 + index / (numFrames - 1)) / 2;
    const { levels = 0, contrast = 1, blur = 0, tint = 0 } = wear;
    return worn(panned(from, index), {
      levels: levels * share,
      contrast: 1 + (contrast - 1) * share,
      blur: blur * share,
      tint: tint * share,
    });
  });
}

const wear = { levels: 4, contrast: 0.96, blur: 0.25, tint: 2 };

/** A clip that is extended five times. */
function chain(isMatched: boolean): Uint8Array[] {
  const first = texture(7);
  let clip = Array.from({ length: numFrames }, (_, index) => panned(first, index));
  for (let extension = 0; extension < 5; extension++) {
    const last = clip.at(-1)!;
    const frames = part(last, wear);
    const matched = isMatched ? [...matchLook({ ...size, frames }, { last, reference: clip[0]! })] : frames;
    clip = [...clip, ...matched.slice(1)];
  }
  return clip;
}

const distance = (one: readonly number[], other: readonly number[]) =>
  Math.max(...one.map((value, at) => Math.abs(value - other[at]!)));

const difference = (one: Uint8Array, other: Uint8Array) =>
  one.reduce((sum, value, at) => sum + Math.abs(value - other[at]!), 0) / one.length;

const largest = (one: Uint8Array, other: Uint8Array) =>
  one.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at]!)), 0);

describe('the frames of a clip that goes on', () => {
  const matched = chain(true);

  it('are after five parts at most a third as far from the first picture in colour, contrast and sharpness', () => {
    const today = chain(false);
    const drift = (clip: Uint8Array[], of: (look: Look) => readonly number[]) =>
      distance(of(lookOf(clip.at(-1)!, size)), of(lookOf(clip[0]!, size)));
    for (const of of [
      ({ mean }: Look) => mean,
      ({ deviation }: Look) => deviation,
      ({ detail }: Look) => detail.slice(0, 1),
      ({ detail }: Look) => detail.slice(1),
    ]) {
      expect(drift(today, of)).toBeGreaterThan(0.5);
      expect(drift(matched, of)).toBeLessThan(drift(today, of) / 3);
    }
  });

  it('stay as they are where nothing drifts, however the camera moves', () => {
    const last = texture(3);
    const frames = part(last, {});
    const made = [...matchLook({ ...size, frames }, { last, reference: panned(last, 30) })];
    for (const [index, frame] of made.entries()) expect(largest(frame, frames[index]!)).toBeLessThanOrEqual(1);
  });

  it('differ where the parts meet no more than neighbours do', () => {
    const clip = matched;
    for (let at = numFrames - 1; at < clip.length - 1; at += numFrames - 1) {
      const change = (index: number) => difference(clip[index]!, clip[index + 1]!);
      expect(change(at)).toBeLessThan(1.05 * Math.max(change(at - 1), change(at + 1)));
    }
  });

  it('are left alone after a cut, and where the first picture was another one', () => {
    const last = texture(3);
    const other = texture(9, 190);
    const cut = [...part(last, {}).slice(0, 4), ...part(other, {}).slice(4)];
    const afterwards = [...matchLook({ ...size, frames: cut }, { last, reference: last })];
    for (const [index, frame] of afterwards.entries()) expect(largest(frame, cut[index]!)).toBeLessThanOrEqual(1);
    const frames = part(last, {});
    const afterCut = [...matchLook({ ...size, frames }, { last, reference: other })];
    for (const [index, frame] of afterCut.entries()) expect(largest(frame, frames[index]!)).toBeLessThanOrEqual(1);
  });

  it('keep a change that is larger than drift: the light goes out', () => {
    const last = texture(3, 160);
    const frames = part(last, {}).map((frame, index) => worn(frame, { levels: index * 12 }));
    const made = [...matchLook({ ...size, frames }, { last, reference: last })];
    expect(largest(made.at(-1)!, frames.at(-1)!)).toBe(0);
  });

  it('end as they were rendered where an end picture decides how they look, and begin as the last one looks', () => {
    const last = texture(3);
    const frames = part(last, { levels: 3, blur: 0.2 });
    const made = [...matchLook({ ...size, frames }, { last })];
    expect(largest(made.at(-1)!, frames.at(-1)!)).toBe(0);
    expect(distance(lookOf(made[0]!, size).mean, lookOf(last, size).mean)).toBeLessThan(0.2);
  });

  it('stay flat where the picture is flat, and grey where it is grey', () => {
    const flat = new Uint8Array(size.width * size.height * 3).fill(100);
    const flatFrames = Array.from({ length: numFrames }, () => new Uint8Array(flat.length).fill(97));
    const matchedFlat = [...matchLook({ ...size, frames: flatFrames }, { last: flat, reference: flat })];
    for (const frame of matchedFlat) expect(largest(frame, flat)).toBe(0);
    const colour = texture(5);
    const grey = colour.map((_, at) => colour[at - (at % 3)]!);
    const greyFrames = part(grey, { levels: 4, contrast: 0.95, blur: 0.2 });
    for (const frame of matchLook({ ...size, frames: greyFrames }, { last: grey, reference: grey })) {
      expect(frame.every((value, at) => value === frame[at - (at % 3)])).toBe(true);
    }
  });

  it('are no noise made louder where there was hardly any detail', () => {
    const random = noise(1);
    const still = new Uint8Array(size.width * size.height * 3).fill(100);
    const noisy = still.map((value) => value + (random() > 0.95 ? 1 : 0));
    const frames = Array.from({ length: numFrames }, () => still);
    for (const frame of matchLook({ ...size, frames }, { last: noisy, reference: noisy })) {
      expect(largest(frame, still)).toBeLessThanOrEqual(1);
    }
  });
});
