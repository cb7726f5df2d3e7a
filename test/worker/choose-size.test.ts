import { describe, expect, it } from 'vitest';
import { chooseSize } from '../../src/worker/resolve-settings.ts';

const svd = { area: { width: 1024, height: 576 }, limits: { minSize: 64, maxSize: 4096 } };
const area = 1024 * 576;

describe('chooseSize', () => {
  it.each([
    [
      { width: 1920, height: 1080 },
      { width: 1024, height: 576 },
    ],
    [
      { width: 1080, height: 1920 },
      { width: 576, height: 1024 },
    ],
    [
      { width: 500, height: 500 },
      { width: 768, height: 768 },
    ],
  ])('knows the usual shapes: %o', (picture, size) => {
    expect(chooseSize('auto', picture, svd)).toMatchObject(size);
  });

  it.each([
    ['landscape', { width: 256, height: 144 }],
    ['square', { width: 192, height: 192 }],
    ['portrait', { width: 144, height: 256 }],
  ] as const)('takes for %s the size that the demo model was trained at', (shape, size) => {
    const demo = { area: { width: 256, height: 144 }, limits: { minSize: 16, maxSize: 4096 } };
    expect(chooseSize(shape, { width: 640, height: 427 }, demo)).toEqual(size);
  });

  it("comes near every picture's ratio at about the model's area, in steps that the model takes", () => {
    for (let ratio = 1 / 2.4; ratio <= 2.4; ratio *= 1.07) {
      const picture = { width: Math.round(3000 * ratio), height: 3000 };
      const { width, height, ratio: exact } = chooseSize('auto', picture, svd);
      expect([width % 64, height % 64]).toEqual([0, 0]);
      expect(Math.abs(Math.log((width * height) / area))).toBeLessThan(0.25);
      expect(Math.abs(Math.log(width / height / ratio))).toBeLessThan(0.09);
      expect(exact).toBe(picture.width / picture.height);
    }
  });

  it('fits what is longer than models know into the longest they know', () => {
    const { width, height, ratio } = chooseSize('auto', { width: 10_000, height: 500 }, svd);
    expect(width / height).toBeCloseTo(2.4, 0);
    expect(ratio).toBeUndefined();
  });

  it('gives a named shape whatever the picture is', () => {
    const tall = { width: 100, height: 300 };
    expect(chooseSize('landscape', tall, svd)).toEqual({ width: 1024, height: 576 });
    expect(chooseSize('portrait', tall, svd)).toEqual({ width: 576, height: 1024 });
    expect(chooseSize('square', tall, svd)).toEqual({ width: 768, height: 768 });
    const squareModel = { area: { width: 128, height: 128 }, limits: { minSize: 16, maxSize: 512 } };
    expect(chooseSize('landscape', tall, squareModel)).toEqual({ width: 176, height: 96 });
  });
});
