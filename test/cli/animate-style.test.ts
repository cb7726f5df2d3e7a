import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, inject, it } from 'vitest';
import { quartersPicture } from '../media/pictures.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { keepRenderers, keptEnvironment } from '../support/kept-renderers.ts';
import { styleFolder } from '../support/style-networks.ts';
import { tempFolder } from '../support/temp-folder.ts';

const { runCli } = keepRenderers();
const environment = { ...keptEnvironment, MODEL_DIR: inject('tinyModel') };
const quick = '--steps 1 --frames 2 --width 48 --height 32 --seed 7 --json'.split(' ');

async function animate(words: readonly string[]) {
  const io = createMemoryIo({ environment });
  const exitCode = await runCli(['animate', ...words, ...quick], io);
  return { exitCode, out: io.out(), err: io.err() };
}

const framesIn = (folder: string) => readdirSync(folder).map((name) => readFileSync(join(folder, name)));

it('kinora animate --style makes the clip of the picture that the network draws, and says which styles there are', async () => {
  const folder = tempFolder();
  const style = ['--style-dir', styleFolder({ ink: { network: 'negative' }, plain: { network: 'same' } })];
  // In the clip's size, so that nothing is resized between the two.
  const data = await quartersPicture(48, 32).removeAlpha().raw().toBuffer();
  const raw = { width: 48, height: 32, channels: 3 } as const;
  await sharp(data, { raw }).png().toFile(join(folder, 'picture.png'));
  await sharp(
    data.map((value) => 255 - value),
    { raw },
  )
    .png()
    .toFile(join(folder, 'negative.png'));
  const out = (name: string) => ['--output', join(folder, `${name}.mp4`), '--frames-dir', join(folder, name)];
  const styled = await animate([join(folder, 'picture.png'), ...out('styled'), '--style', 'ink', ...style]);
  expect(styled).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(styled.out).form.style).toMatch(/^ink@[0-9a-f]{16}$/);
  // With the same styles, of which it takes none: one process makes both.
  expect(await animate([join(folder, 'negative.png'), ...out('expected'), ...style])).toMatchObject({ exitCode: 0 });
  expect(framesIn(join(folder, 'styled'))).toEqual(framesIn(join(folder, 'expected')));

  const unknown = await animate([join(folder, 'picture.png'), ...out('no'), '--style', 'sketch', ...style]);
  expect(unknown.exitCode).not.toBe(0);
  expect(unknown.err).toContain('sketch');
  expect(unknown.err).toContain('ink, plain');
});
