import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { readModelInfo } from '../../../src/inference/pipeline/model-info.ts';
import { modelNotes } from '../../../src/inference/pipeline/open-checkpoint.ts';
import { svdXtConfigs, writeSvdXtConfigs } from '../../support/svd-xt-configs.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function folderOf(files: Record<string, string>): string {
  const folder = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

async function refusal(folder: string): Promise<string> {
  const error = await readModelInfo(folder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as Error).message;
}

describe('a folder that is no model folder says what it is', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['empty', {}, /is empty; a model folder has model_index\.json.*kinora model pull/],
    [
      'one part of a model',
      { 'config.json': '{"_class_name": "UNetSpatioTemporalConditionModel"}' },
      /one part of a model \(config\.json is of UNetSpatioTemporalConditionModel\): name the folder above/,
    ],
    [
      'an image encoder',
      { 'config.json': '{"architectures": ["CLIPVisionModelWithProjection"]}' },
      /config\.json is of CLIPVisionModelWithProjection/,
    ],
    [
      'a folder of models',
      { 'svd/model_index.json': '{"_class_name": "StableVideoDiffusionPipeline"}', 'notes.txt': '' },
      /holds some: name one of svd/,
    ],
    ['a folder with a single file', { 'svd_xt.safetensors': '' }, /name the file itself: .*svd_xt\.safetensors/],
    [
      'a folder with two',
      { 'a.safetensors': '', 'b.safetensors': '' },
      /name the file itself: one of a\.safetensors, b\./,
    ],
    ['a folder of pickles', { 'svd.ckpt': '' }, /only svd\.ckpt, .*runs whatever code/],
    [
      'something else',
      { 'a.txt': '', 'b.txt': '' },
      /has no model_index\.json, but a\.txt, b\.txt; a model folder has/,
    ],
  ])('%s', async (_, files, words) => {
    const folder = folderOf(files);
    const message = await refusal(folder);
    expect(message).toMatch(words);
    expect(message).toContain(folder);
  });

  it('a model of another pipeline, by name', async () => {
    const folder = tempFolder();
    writeSvdXtConfigs(folder, { 'model_index.json': { _class_name: 'StableDiffusionXLPipeline' } });
    expect(await refusal(folder)).toMatch(
      /must be StableVideoDiffusionPipeline; a model for StableDiffusionXLPipeline/,
    );
  });

  it('a config whose blob was pruned from a cache', async () => {
    const folder = tempFolder();
    writeSvdXtConfigs(folder, { 'unet/config.json': null });
    mkdirSync(join(folder, 'unet'));
    symlinkSync('../../../blobs/f00d', join(folder, 'unet', 'config.json'));
    expect(await refusal(folder)).toMatch(/unet\/config\.json: this is a link to .*f00d, which is not there/);
  });

  it('a scheduler whose class is not the one of model_index.json: the file’s own is taken, and said', async () => {
    const folder = tempFolder();
    const path = 'scheduler/scheduler_config.json';
    writeSvdXtConfigs(folder, { [path]: { ...svdXtConfigs[path], _class_name: 'EulerAncestralDiscreteScheduler' } });
    const { defaults } = await readModelInfo(folder);
    expect(defaults.sampler).toBe('euler-ancestral-discrete');
    expect(await modelNotes(await readModelConfigs(folder))).toEqual([
      expect.stringMatching(/is of EulerAncestralDiscreteScheduler, which is taken; model_index\.json names EulerDisc/),
    ]);
  });
});
