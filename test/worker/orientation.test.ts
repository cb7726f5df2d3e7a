import { describe, expect, it } from 'vitest';
import { pilResize } from '../../src/inference/pipeline/pil-resize.ts';
import { boxOf, type FramedPicture, type RgbPicture } from '../../src/util/rgb.ts';
import { makeClip } from '../../src/worker/make-clip.ts';
import { orientationOf, orientPicture, restoreOrientation } from '../../src/worker/orientation.ts';
import { fakeInfo, fakeTools, scripted } from './fixtures/fake-tools.ts';

/** Pixel (x, y) is (x, y, 0). */
function numbered(width: number, height: number): RgbPicture {
  const pixels = Array.from({ length: width * height }, (_, at) => [at % width, Math.floor(at / width), 0]);
  return { width, height, data: Uint8Array.from(pixels.flat()) };
}

/** A model that only knows one move: the camera goes to the right by one pixel a frame. */
function pan({ width, data }: RgbPicture, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, frame) =>
    Uint8Array.from({ length: data.length }, (_, at) => {
      const pixel = Math.floor(at / 3);
      const x = Math.min(width - 1, (pixel % width) + frame);
      return data[(Math.floor(pixel / width) * width + x) * 3 + (at % 3)]!;
    }),
  );
}

describe('a model that is turned by the seed', () => {
  it.each([
    [0, 'right', [1, 0]],
    [1, 'left', [-1, 0]],
    [2, 'down', [0, 1]],
    [3, 'up', [0, -1]],
    [7, 'up', [0, -1]],
  ] as const)('seed %i: the camera goes %s', (seed, _, [dx, dy]) => {
    const picture = numbered(6, 4);
    const turn = orientationOf(seed);
    const oriented = orientPicture(picture, turn);
    expect(oriented).toMatchObject(turn.swap ? { width: 4, height: 6 } : { width: 6, height: 4 });
    const clip = restoreOrientation({ width: oriented.width, height: oriented.height, frames: pan(oriented, 2) }, turn);
    expect(clip).toMatchObject({ width: 6, height: 4 });
    expect(clip.frames[0]).toEqual(picture.data);
    // A pixel in the middle shows what lay beside it.
    const at = (2 * 6 + 3) * 3;
    expect([...clip.frames[1]!.subarray(at, at + 2)]).toEqual([3 + dx, 2 + dy]);
  });

  it.each([0, 1, 2, 3])('seed %i: the box of a picture turns with it', (seed) => {
    const box = { left: 2, top: -1, width: 3, height: 4 };
    const whole = orientPicture({ ...numbered(6, 5), box }, orientationOf(seed));
    // Cut out first and turned then, or turned first and cut out then: the model sees the same.
    const cut = (picture: FramedPicture) => pilResize(picture, { ...boxOf(picture), filter: 'lanczos' });
    const turnedCut = orientPicture(cut({ ...numbered(6, 5), box }), orientationOf(seed));
    expect(cut(whole)).toEqual({ width: turnedCut.width, height: turnedCut.height, data: turnedCut.data });
  });

  it('makes clips of the size that was asked for, and says in which chunks memory let the frames be decoded', async () => {
    const tools = fakeTools();
    const seen: string[] = [];
    const { generate } = tools.pipeline;
    tools.pipeline = {
      ...tools.pipeline,
      info: { ...fakeInfo, orientsBySeed: true },
      async *generate(picture, settings, options) {
        seen.push(`${picture.width}x${picture.height} ${settings.width}x${settings.height}`);
        const made = yield* generate(picture, settings, options);
        return { ...made, settings: { ...made.settings, decodeChunkSize: 1 } };
      },
    };
    const spec = { picture: scripted({}), fit: 'pad', settings: { width: 64, height: 48 } } as const;
    const clips = [0, 2].map((seed) => makeClip(tools, { ...spec, settings: { ...spec.settings, seed } }));
    for (const clip of await Promise.all(clips))
      expect(clip.settings).toMatchObject({ width: 64, height: 48, decodeChunkSize: 1 });
    expect(seen.sort()).toEqual(['48x64 48x64', '64x48 64x48']);
  });
});
