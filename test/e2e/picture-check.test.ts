import sharp from 'sharp';
import { expect, it, onTestFinished } from 'vitest';
import { noLimits } from '../../src/storage/limits.ts';
import { createPictureChecker } from '../../src/worker/picture-checker.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';

const animate = (name: string, bytes: Uint8Array) => ({
  command: 'animate',
  attachments: { image: { name, bytes } },
  options: { seed: 7 },
});

it('a picture that cannot work is refused when it is asked for, by the decoder, and costs no quota', async () => {
  const checker = createPictureChecker({ environment: process.env });
  onTestFinished(checker.close);
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({
    renderer,
    checkPicture: checker.checkBeforeQueueing,
    config: { limits: { ...noLimits, dailyQuota: 1 } },
  });
  const cut = smallPicture.bytes.subarray(0, smallPicture.bytes.length - 20);
  expect((await failureOf(discord.invoke(animate('cut.png', cut)))).content).toContain('cut off');
  const white = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  expect((await failureOf(discord.invoke(animate('white.png', white)))).content).toContain('is blank');
  expect(renderer.renders).toEqual([]);
  const handle = discord.invoke(animate('good.png', smallPicture.bytes));
  (await renderer.begun(0)).finish();
  await clipOf(handle);
});
