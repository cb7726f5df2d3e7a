import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyStyle } from '../../../src/inference/pipeline/apply-style.ts';
import { listStyles } from '../../../src/inference/pipeline/styles.ts';
import { findStyle, styleId } from '../../../src/settings/style.ts';
import type { FramedPicture } from '../../../src/util/rgb.ts';
import { styleFolder, writeStyle } from '../../support/style-networks.ts';

/** A smooth picture, whose three channels differ. */
function gradient(width: number, height: number): FramedPicture {
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data[pixel * 3] = (200 * (pixel % width)) / width;
    data[pixel * 3 + 1] = 30 + (150 * Math.floor(pixel / width)) / height;
    data[pixel * 3 + 2] = 90;
  }
  return { width, height, data };
}

const clip = { width: 30, height: 18 };
const picture = gradient(clip.width, clip.height);

async function drawn(folder: string, from: FramedPicture = picture): Promise<FramedPicture> {
  const { styles } = await listStyles(folder);
  return applyStyle(from, { style: styles[0]!, clip, threads: 1 });
}

const furthest = (one: Uint8Array, other: Uint8Array) =>
  one.reduce((most, level, at) => Math.max(most, Math.abs(level - other[at]!)), 0);

const negative = picture.data.map((level) => 255 - level);

describe('a style', () => {
  it.each([
    ['0 to 1', {}],
    ['0 to 1, as it is said', { input: { range: [0, 1] }, output: { range: [0, 1] } }],
    ['blue first', { input: { order: 'BGR' }, output: { order: 'BGR' } }],
    [
      'means and deviations',
      { input: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }, output: { mean: [0, 0, 0], std: [0.5, 0.5, 0.5] } },
    ],
  ])('draws the picture at the clip’s size, values of %s', async (_, json) => {
    const result = await drawn(styleFolder({ negative: { network: 'negative', json } }));
    expect(result).toMatchObject(clip);
    expect(furthest(result.data, negative)).toBeLessThanOrEqual(1);
  });

  it.each([
    ['0 to 255', { range: [0, 255] }],
    ['−1 to 1', { range: [-1, 1] }],
    ['blue first, means of its own', { range: [0, 255], order: 'BGR', mean: [103.9, 116.8, 123.7] }],
  ])('gets the values that it was trained on and gives such, %s', async (_, values) => {
    const result = await drawn(styleFolder({ same: { network: 'same', json: { input: values, output: values } } }));
    expect(furthest(result.data, picture.data)).toBeLessThanOrEqual(1);
  });

  it('exchanges channels where only its input has blue first', async () => {
    const json = { input: { order: 'BGR' } };
    const { data } = await drawn(styleFolder({ same: { network: 'same', json } }));
    expect([...data.slice(30 * 3, 30 * 3 + 3)]).toEqual([90, picture.data[30 * 3 + 1], picture.data[30 * 3]]);
  });

  it('may take one size alone, and give another: the picture keeps its shape and its place', async () => {
    const square = { network: 'same', size: { width: 40, height: 40 } } as const;
    const fixed = await drawn(styleFolder({ square }));
    expect(fixed).toMatchObject(clip);
    expect(furthest(fixed.data, picture.data)).toBeLessThanOrEqual(6);
    const halved = await drawn(styleFolder({ halved: { network: 'halved' } }));
    expect(halved).toMatchObject(clip);
    expect(furthest(halved.data, picture.data)).toBeLessThanOrEqual(12);
  });

  it('draws what is seen of a larger picture, and leaves bars beside it as they are', async () => {
    const folder = styleFolder({ negative: { network: 'negative' } });
    const large = gradient(90, 54);
    const cut = await drawn(folder, { ...large, box: { left: 30, top: 18, width: 30, height: 18 } });
    expect(cut).toMatchObject(clip);
    expect(Math.abs(cut.data[0]! - (255 - large.data[(18 * 90 + 30) * 3]!))).toBeLessThanOrEqual(1);
    const tall = await drawn(folder, { ...gradient(20, 54), box: { left: -35, top: 0, width: 90, height: 54 } });
    expect(tall).toMatchObject({ width: 7, height: 18, box: { left: -12, top: 0, ...clip } });
  });

  it.each([
    ['gives values that are not finite', { network: 'broken' }, /not finite/],
    ['gives no three channels', { network: 'grey' }, /not \[1, 3, height, width\]/],
  ] as const)('that %s ends with an error that says so', async (_, file, reason) => {
    const error = await drawn(styleFolder({ bad: file })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'style-broken', scope: 'job', details: { name: 'bad' } });
    expect((error as Error).message).toMatch(reason);
  });

  it('that is no network, or is gone by now, ends with an error that names it', async () => {
    const folder = styleFolder({ bad: { network: 'same' } });
    const { styles } = await listStyles(folder);
    rmSync(join(folder, 'bad.onnx'));
    await expect(applyStyle(picture, { style: styles[0]!, clip })).rejects.toMatchObject({ code: 'style-broken' });
    const asNetwork = { ...styles[0]!, file: join(folder, 'bad.json') };
    await expect(applyStyle(picture, { style: asNetwork, clip })).rejects.toMatchObject({ code: 'style-broken' });
  });
});

describe('the styles of a folder', () => {
  it('are listed by name, and files that are none say why and keep no other from being used', async () => {
    const folder = styleFolder({
      mosaic: { network: 'same', json: { name: 'Mosaic-9', source: 'somewhere', licence: 'MIT' } },
      'no good name': { network: 'same' },
      lonely: { network: 'same', json: undefined },
      odd: { network: 'same', json: { input: { range: [1, 1] } } },
      text: { network: 'same', json: '{' },
      twice: { network: 'same', json: { name: 'Mosaic-9' } },
    });
    const { styles, problems } = await listStyles(folder);
    expect(styles.map(({ name }) => name)).toEqual(['Mosaic-9']);
    expect(problems.map(({ file }) => file.replace(/.*[\\/]/, ''))).toEqual([
      ...['lonely.onnx', 'no good name.onnx', 'odd.onnx', 'text.onnx', 'twice.onnx'],
    ]);
    expect(problems[2]!.reason).toContain('the two ends of a range differ');
    await expect(listStyles(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'style-folder' });
    expect(await listStyles(undefined)).toEqual({ styles: [], problems: [] });
  });

  it('are known by what they hold: another network or another description is another style', async () => {
    const folder = styleFolder({ ink: { network: 'same' } });
    const before = (await listStyles(folder)).styles;
    const kept = styleId(before[0]!);
    expect(findStyle(before, 'ink')).toBe(before[0]);
    expect(findStyle(before, kept)).toBe(before[0]);
    for (const file of [{ network: 'negative' }, { network: 'same', json: { multipleOf: 4 } }] as const) {
      writeStyle(folder, 'ink', file);
      const { styles } = await listStyles(folder);
      expect(findStyle(styles, 'ink').hash).not.toBe(before[0]!.hash);
      expect(() => findStyle(styles, kept)).toThrow(expect.objectContaining({ code: 'style-unknown' }));
    }
    expect(() => findStyle(before, 'oil')).toThrow(
      expect.objectContaining({ code: 'style-unknown', details: { name: 'oil', known: 'ink' } }),
    );
  });
});
