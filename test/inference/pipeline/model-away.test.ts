import { copyFileSync, cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { scopeOf } from '../../../src/errors.ts';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoSettings, MemoryMode, PipelineProgress } from '../../../src/inference/pipeline/types.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const settings: ImageToVideoSettings = {
  width: 16,
  height: 16,
  numFrames: 2,
  numInferenceSteps: 3,
  minGuidanceScale: 1,
  maxGuidanceScale: 3,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  decodeChunkSize: 2,
  seed: 5,
  sampler: 'euler',
  schedule: 'karras',
};
const picture = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3).fill(90) };

it.each<[MemoryMode, string]>([
  ['model-offload', 'encode-image 1'],
  ['model-offload', 'denoise 0'],
  ['sequential-offload', 'denoise 1'],
  ['resident', 'denoise 3'],
])(
  "%s: a model folder that goes away at %s is the machine's fault, and works when it is back",
  async (memoryMode, at) => {
    const modelDir = join(tempFolder(), 'model');
    cpSync(inject('tinyModel'), modelDir, { recursive: true });
    const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1, memoryMode });

    async function frames(onProgress: (progress: PipelineProgress) => void): Promise<Buffer> {
      const run = pipeline.generate(picture, settings);
      let next = await run.next();
      for (; !next.done; next = await run.next()) onProgress(next.value);
      return Buffer.concat(next.value.frames);
    }

    const broken = frames(({ stage, step }) => {
      if (`${stage} ${step}` === at) renameSync(modelDir, `${modelDir}-away`);
    });
    await expect(broken).rejects.toMatchObject({ scope: 'host' });
    renameSync(`${modelDir}-away`, modelDir);
    const again = await frames(() => {});
    expect(again.equals(await frames(() => {}))).toBe(true);
    await pipeline.release();
  },
);

it.each(['unet', 'vae', 'image_encoder'])(
  "a model folder without the weights of %s is the machine's fault",
  async (network) => {
    const modelDir = join(tempFolder(), 'model');
    cpSync(inject('tinyModel'), modelDir, { recursive: true });
    rmSync(join(modelDir, network), { recursive: true });
    mkdirSync(join(modelDir, network));
    copyFileSync(join(inject('tinyModel'), network, 'config.json'), join(modelDir, network, 'config.json'));

    async function render(): Promise<unknown> {
      const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1 });
      try {
        const run = pipeline.generate(picture, { ...settings, numInferenceSteps: 1 });
        while (!(await run.next()).done);
        return undefined;
      } catch (error) {
        return error;
      } finally {
        await pipeline.release();
      }
    }

    const error = await render();
    expect(error).toMatchObject({ name: 'SafetensorsError', code: 'safetensors-weights-not-found' });
    expect(scopeOf(error)).toBe('host');
  },
);
