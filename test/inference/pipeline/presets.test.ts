import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSettings, readModelInfo } from '../../../src/inference/pipeline/model-info.ts';
import { presetNames, presets, withPreset } from '../../../src/inference/pipeline/presets.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { writeSvdXtConfigs } from '../../support/svd-xt-configs.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function svdXt() {
  const folder = join(tempFolder(), 'svd-xt');
  writeSvdXtConfigs(folder);
  return readModelInfo(folder);
}

describe('the preset notebook', () => {
  it('is for SVD XT what people run: 60 steps, 512×512, the ancestral sampler, sequential, diffusers’ defaults', async () => {
    expect(withPreset(await svdXt(), 'notebook').defaults).toEqual({
      width: 512,
      height: 512,
      numFrames: 25,
      numInferenceSteps: 60,
      minGuidanceScale: 1,
      maxGuidanceScale: 3,
      fps: 7,
      motionBucketId: 127,
      noiseAugStrength: 0.02,
      decodeChunkSize: 25,
      sampler: 'euler-ancestral-discrete',
      schedule: 'model',
    });
    expect(presets.notebook.execution).toEqual({ memoryMode: 'sequential-offload', precision: undefined });
  });

  it('is, but for the size, the run that was recorded from diffusers', async () => {
    const recorded = (await openGolden('pipeline/notebook')).manifest.cases?.notebook;
    const { defaults } = withPreset(await readModelInfo(goldenPath('models/tiny-a')), 'notebook');
    expect({ model: 'tiny-a', seed: 42, ...defaults, width: 16, height: 16 }).toEqual(recorded);
  });
});

describe('every preset', () => {
  it.each(presetNames)('%s fits any model, and changes neither its name nor its limits', async (name) => {
    for (const info of [
      await svdXt(),
      await readModelInfo(goldenPath('models/tiny-b')),
      await readModelInfo('models/demo'),
    ]) {
      const made = withPreset(info, name);
      expect(() => checkSettings({ ...made.defaults, seed: 0 }, made)).not.toThrow();
      expect({ ...made, defaults: info.defaults }).toEqual(info);
    }
  });

  it.each([
    ['quality', { numInferenceSteps: 25, sampler: 'euler', schedule: 'karras', width: 1024, height: 576 }],
    ['fast', { numInferenceSteps: 10, sampler: 'euler', schedule: 'ays', width: 1024, height: 576 }],
    ['draft', { numInferenceSteps: 6, sampler: 'euler', schedule: 'ays', width: 512, height: 320 }],
    ['animate-lcm', { numInferenceSteps: 4, sampler: 'animate-lcm', schedule: 'model', maxGuidanceScale: 1 }],
  ] as const)('%s leaves to the model what it does not say', async (name, settings) => {
    const info = await svdXt();
    expect(withPreset(info, name).defaults).toEqual({ ...info.defaults, ...settings });
  });

  it('takes no more pixels than the model’s own clip has', async () => {
    const info = await readModelInfo('models/demo');
    expect(withPreset(info, 'notebook').defaults).toMatchObject({ width: 192, height: 192, numFrames: 14 });
    expect(withPreset(info, 'draft').defaults).toMatchObject({ width: 128, height: 80 });
  });
});
