import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import { noLimits } from '../../src/storage/limits.ts';
import { brightnessClassifier } from '../support/brightness-classifier.ts';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';
import { startTinyRenderer } from './tiny-renderer.ts';

const folder = mkdtempSync(join(tmpdir(), 'kinora-classifier-'));
afterAll(() => rmSync(folder, { recursive: true }));
const renderer = await startTinyRenderer({
  safety: { modelDir: brightnessClassifier({ folder }), threshold: 0.9 },
  memoryMode: 'resident',
});
const { model } = renderer;

it('a classifier on this machine refuses a picture before it is animated, and the quota is given back', async () => {
  const { discord } = await setStage({ renderer, model, config: { limits: { ...noLimits, dailyQuota: 1 } } });
  const white = sharp({ create: { width: 64, height: 48, channels: 3, background: '#fff' } });
  const image = { name: 'white.png', bytes: await white.png().toBuffer() };
  const refused = await failureOf(discord.invoke({ command: 'animate', attachments: { image } }));
  expect(refused.content).toContain('content filter rejected');
  const spanish = await failureOf(discord.invoke({ command: 'animate', attachments: { image }, locale: 'es-ES' }));
  expect(spanish.content).toContain('filtro de contenido ha rechazado esta imagen');
  await clipOf(discord.invoke({ command: 'animate', attachments: { image: smallPicture } }));
  expect(renderer.clips).toHaveLength(1);
});
