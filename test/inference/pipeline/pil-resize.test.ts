import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type PilResizeOptions, pilResize } from '../../../src/inference/pipeline/pil-resize.ts';
import type { Box } from '../../../src/util/rgb.ts';
import { goldenPath } from '../../support/golden.ts';
import { noisePicture } from '../../support/noise-picture.ts';

interface Golden {
  ramps: Record<PilResizeOptions['filter'], number[]>;
  cases: {
    size: [number, number];
    to: [number, number];
    filter: PilResizeOptions['filter'];
    seed: number;
    box?: Box;
    sha256: string;
  }[];
}

/** reference/write_pil_resize.py wrote it. */
const golden: Golden = JSON.parse(readFileSync(goldenPath('pil-resize.json'), 'utf8'));

function name({ size, box, to, filter }: Golden['cases'][number]): string {
  const part = box === undefined ? '' : `, ${box.width}×${box.height} at ${box.left},${box.top},`;
  return `${filter}: ${size.join('×')}${part} to ${to.join('×')}`;
}

describe('pilResize is Pillow bit for bit', () => {
  it.each(golden.cases.map((entry) => [name(entry), entry] as const))('%s', (_, entry) => {
    const { size, to, filter, seed, box } = entry;
    const picture = { ...noisePicture(...size, seed), ...(box && { box }) };
    const resized = pilResize(picture, { width: to[0], height: to[1], filter });
    expect([resized.width, resized.height]).toEqual(to);
    expect(createHash('sha256').update(resized.data).digest('hex')).toBe(entry.sha256);
  });

  it('covers larger, smaller, mixed and boxed pictures by both filters', () => {
    expect(golden.cases.length).toBeGreaterThan(180);
  });

  it.each(['lanczos', 'bicubic'] as const)('enlarges without a shift by half a pixel: %s', (filter) => {
    const data = Uint8Array.from({ length: 32 * 3 }, (_, at) => 4 * Math.floor(at / 3));
    const resized = pilResize({ width: 32, height: 1, data }, { width: 64, height: 1, filter });
    expect([...resized.data].filter((_, at) => at % 3 === 0)).toEqual(golden.ramps[filter]);
    const reversed = pilResize({ width: 32, height: 1, data: data.toReversed() }, { width: 64, height: 1, filter });
    expect([...reversed.data.toReversed()]).toEqual([...resized.data]);
  });
});
