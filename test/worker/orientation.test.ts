import { describe, expect, it } from 'vitest';
import { pilResize } from '../../src/inference/pipeline/pil-resize.ts';
import { boxOf, type FramedPicture, type RgbPicture } from '../../src/util/rgb.ts';
import { makeClip } from '../../src/worker/make-clip.ts';
import {
  chooseMove,
  orientInputs,
  orientPicture,
  restoreOrientation,
  restoreSettings,
} from '../../src/worker/orientation.ts';
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

/** How the picture lies for a seed, for a model without a margin or a zoom. */
function orientationOf(seed: number) {
  return chooseMove({ ...fakeInfo.defaults, seed }, { orientsBySeed: true }).orientation;
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

  describe('with a margin beyond its pan', () => {
    const info = { ...fakeInfo, orientsBySeed: true, panMargin: 3, zoomBucket: 512 };

    /** What the model is given, and the clip that it makes of it by moving one pixel a frame. */
    function generated(picture: FramedPicture, seed: number) {
      const { width, height } = picture;
      const settings = { ...fakeInfo.defaults, width, height, motionBucketId: 200, seed };
      const given = orientInputs({ settings, picture, endPicture: undefined }, info);
      const { width: across, height: down } = given.settings;
      const made = restoreOrientation(
        { width: across, height: down, frames: pan(given.picture, 4) },
        given.orientation,
      );
      return { given, result: { ...made, settings: restoreSettings(given.settings, settings) }, settings };
    }

    it.each([
      [0, (x: number, y: number, frame: number) => [x + frame, y]],
      [1, (x: number, y: number, frame: number) => [x - frame, y]],
      [2, (x: number, y: number, frame: number) => [x, y + frame]],
      [3, (x: number, y: number, frame: number) => [x, y - frame]],
    ] as const)('seed %i: what comes into view is the picture mirrored at its edge', (seed, place) => {
      const { result, settings } = generated(numbered(6, 5), seed);
      expect(result).toMatchObject({ width: 6, height: 5, settings });
      const reflected = (at: number, size: number) => (at < 0 ? -1 - at : at >= size ? 2 * size - 1 - at : at);
      for (const [frame, data] of result.frames.entries()) {
        const wanted = Array.from({ length: 30 }, (_, at) => {
          const [x, y] = place(at % 6, Math.floor(at / 6), frame);
          return [reflected(x!, 6), reflected(y!, 5), 0];
        });
        expect([...data]).toEqual(wanted.flat());
      }
    });

    it.each([
      [4, 6, 5],
      [5, 6, 5],
      [4, 5, 6],
      [5, 5, 6],
    ])('seed %i: a picture of %i×%i is zoomed lying on its long side', (seed, width, height) => {
      const picture = numbered(width, height);
      const {
        given: { picture: seen, settings: told },
        result,
      } = generated(picture, seed);
      expect(`${seen.width}x${seen.height}`).toBe('6x5');
      expect(told).toMatchObject({ width: seen.width, height: seen.height, motionBucketId: 712 });
      expect(result).toMatchObject({ width, height, settings: { motionBucketId: 200 } });
      expect(result.frames[0]).toEqual(picture.data);
    });

    it('a preview of another size loses the same share', () => {
      const { orientation } = chooseMove({ ...fakeInfo.defaults, width: 6, height: 4, seed: 0 }, info);
      const small = restoreOrientation({ width: 18, height: 1, frames: [new Uint8Array(54)] }, orientation);
      expect(small).toMatchObject({ width: 12, height: 1 });
      expect(small.frames[0]).toHaveLength(36);
    });
  });
});
