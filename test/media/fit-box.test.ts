import { describe, expect, it } from 'vitest';
import { fitBox } from '../../src/media/decode-picture.ts';

const clip = { width: 1024, height: 576 };

describe('fitBox', () => {
  it.each([
    // The clip's shape in the middle of the picture, in its own whole pixels.
    ['crop', [1920, 1200], { left: 0, top: 60, width: 1920, height: 1080 }],
    ['crop', [1600, 800], { left: 89, top: 0, width: 1422, height: 800 }],
    ['crop', [1601, 801], { left: 88, top: 0, width: 1424, height: 801 }],
    ['crop', [1, 20_000], { left: 0, top: 9999, width: 1, height: 1 }],
    ['crop', [20_000, 1], { left: 9999, top: 0, width: 2, height: 1 }],
    // A canvas of the clip's shape around it.
    ['pad', [1920, 1200], { left: -106, top: 0, width: 2133, height: 1200 }],
    ['pad', [1600, 800], { left: 0, top: -50, width: 1600, height: 900 }],
    ['pad', [1600, 801], { left: 0, top: -49, width: 1600, height: 900 }],
    ['pad', [1, 20_000], { left: -17_777, top: 0, width: 35_556, height: 20_000 }],
    ['stretch', [1, 20_000], undefined],
    ['crop', [3840, 2160], undefined],
    ['pad', [16, 9], undefined],
  ] as const)('%s of %j', (fit, [width, height], box) => {
    expect(fitBox(fit, { width, height }, clip)).toEqual(box);
  });
});
