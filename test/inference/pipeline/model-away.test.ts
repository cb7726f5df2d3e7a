import { cpSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
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
