import sharp from 'sharp';
import { expect, inject, it, onTestFinished } from 'vitest';
import type { RenderSpec } from '../../src/worker/types.ts';
import { createWorkerPool } from '../../src/worker/worker-pool.ts';
import { styleFolder } from '../support/style-networks.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const flat = (r: number, g: number, b: number) =>
  sharp({ create: { width: 64, height: 48, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();

it('the render process draws a picture in its style, once, and a clip that goes on not once more', async () => {
  const renderer = createWorkerPool({
    modelDir: inject('tinyModel'),
    execution: { provider: 'cpu', threads: 1, memoryMode: 'resident' },
    styleDir: styleFolder({ ink: { network: 'negative' } }),
    idleSeconds: 600,
    environment: process.env,
    log: quiet,
  });
  onTestFinished(() => renderer.close());
  const spec: RenderSpec = {
    picture: await flat(0, 128, 200),
    settings: { width: 32, height: 32, numFrames: 2, numInferenceSteps: 1, seed: 1 },
    fit: 'crop',
    keepMaster: true,
  };
  const negative = { ...spec, picture: await flat(255, 127, 55) };
  const styled = await renderer.render({ ...spec, form: { style: 'ink' } });
  const expected = await renderer.render(negative);
  expect(styled.form.style).toBe('ink');
  expect(expected.form).not.toHaveProperty('style');
  expect(Buffer.compare(styled.master!, expected.master!)).toBe(0);
  expect(Buffer.compare(styled.master!, (await renderer.render(spec)).master!)).not.toBe(0);

  const { settings, model, provider } = styled;
  const base = { master: styled.master!, use: 'extend' as const, metadata: { settings, model, provider } };
  const longer = await renderer.render({ ...spec, base, form: { style: 'ink' } });
  const longerExpected = await renderer.render({ ...negative, base });
  expect(longer).toMatchObject({ frames: 3, form: { style: 'ink' } });
  expect(Buffer.compare(longer.master!, longerExpected.master!)).toBe(0);
});
