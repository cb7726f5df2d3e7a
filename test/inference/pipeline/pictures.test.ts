import { describe, expect, it } from 'vitest';
import { sampleToFrames } from '../../../src/inference/pipeline/decode-latents.ts';
import { pictureToSample } from '../../../src/inference/pipeline/pictures.ts';

/** Two pixels beside one another: black, and one of three grey levels. */
const picture = { width: 2, height: 1, data: Uint8Array.of(0, 0, 0, 51, 127, 255) };

describe('pictures and samples', () => {
  it('hold colours in planes, from -1 to 1', () => {
    const sample = pictureToSample(picture);
    expect([...sample]).toEqual([-1, expect.closeTo(-0.6, 6), -1, expect.closeTo(-1 / 255, 6), -1, 1]);
  });

  it('are each other’s inverse, frame by frame', () => {
    const [first, second] = [pictureToSample(picture), new Float32Array(6).fill(1)];
    const frames = sampleToFrames(Float32Array.from([...first, ...second]), picture);
    expect(frames).toEqual([picture.data, new Uint8Array(6).fill(255)]);
  });

  it('clip what a decoder overshoots, and round to the nearest level', () => {
    const sample = Float32Array.of(-1.7, 9, -1 + 1.4 * (2 / 255), -1 + 1.6 * (2 / 255), -0.0001, 0.0001);
    expect(sampleToFrames(sample, picture)).toEqual([Uint8Array.of(0, 1, 127, 255, 2, 128)]);
  });
});
