import { describe, expect, it } from 'vitest';
import { en } from '../../src/bot/languages/en.ts';
import { es } from '../../src/bot/languages/es.ts';
import { readComment, writeComment } from '../../src/media/clip-metadata.ts';
import { clipForm, fileFormSchema, storedFormSchema } from '../../src/settings/clip-form.ts';
import type { Declaration } from '../../src/settings/declaration.ts';
import { settingOptionNames, shownSettings } from '../../src/settings/discord-options.ts';
import { executionSettings } from '../../src/settings/execution.ts';
import { flatSettings } from '../../src/settings/flat-settings.ts';
import {
  defaultSettings,
  imageToVideo,
  proposalShape,
  settingsSchema,
  storedSettingsSchema,
} from '../../src/settings/image-to-video.ts';

const own = {
  width: 64,
  height: 48,
  numFrames: 4,
  decodeChunkSize: 2,
  sampler: 'euler',
  schedule: 'karras',
} as const;
const settings = {
  ...defaultSettings(own, {}),
  seed: 7,
  guidanceInterval: [0.3, 50],
  deepCacheInterval: 2,
} as const;
const declared = Object.entries<Declaration>({ ...imageToVideo, ...clipForm, ...executionSettings });

describe('a declared setting', () => {
  it('has a default, follows from the model, may be left out, or is the seed, which is drawn', () => {
    for (const [name, { default: value, isFromModel, isOptional }] of declared) {
      const marks = [value !== undefined, isFromModel === true, isOptional === true].filter(Boolean);
      expect({ name, marks: marks.length }).toEqual({ name, marks: name === 'seed' ? 0 : 1 });
    }
  });

  it('has names of its own: in the code, as options, and for earlier versions', () => {
    const options = declared.flatMap(([, { option }]) => (option ? [option.name, option.oldName ?? []].flat() : []));
    const keys = declared.flatMap(([name, { oldKeys = [] }]) => [name, ...oldKeys]);
    expect(new Set(options).size).toBe(options.length);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(settingOptionNames).size).toBe(settingOptionNames.length);
  });

  it('leaves the form of Discord no more than the five fields that it may have', () => {
    const fields = [...shownSettings(imageToVideo), ...shownSettings(clipForm)].filter(
      ({ discord }) => discord.isInForm,
    );
    expect(fields.map(({ name }) => name)).toEqual(['motion', 'seed', 'steps', 'fps', 'loop']);
  });

  it('has a text for each of its names, in every language', () => {
    for (const { animate } of [en, es]) {
      const choices: Record<string, Record<string, string>> = animate.choices;
      for (const { name, type, discord } of [...shownSettings(imageToVideo), ...shownSettings(clipForm)]) {
        const values = 'named' in discord ? Object.keys(discord.named ?? {}) : type.kind === 'name' ? type.names : [];
        expect(Object.keys(choices[name] ?? {})).toEqual([...values]);
      }
    }
  });
});

describe('settings', () => {
  it('are the declared defaults where neither model nor person says otherwise', () => {
    expect(defaultSettings(own, { fps: 12, num_frames: undefined })).toEqual({
      ...own,
      motionBucketId: 127,
      numInferenceSteps: 25,
      fps: 12,
      noiseAugStrength: 0.02,
      minGuidanceScale: 1,
      maxGuidanceScale: 3,
    });
  });

  it('may be proposed by a model under diffusers’ names, as numbers of their kind', () => {
    expect(Object.keys(proposalShape).sort()).toEqual([
      ...['decode_chunk_size', 'fps', 'height', 'max_guidance_scale', 'min_guidance_scale', 'motion_bucket_id'],
      ...['noise_aug_strength', 'num_frames', 'num_inference_steps', 'width'],
    ]);
    expect(proposalShape.width.safeParse(0).success).toBe(false);
    expect(proposalShape.fps.safeParse(7.5).success).toBe(false);
    expect(proposalShape.motion_bucket_id.safeParse(0).success).toBe(true);
    expect(proposalShape.noise_aug_strength.safeParse(0.5).success).toBe(true);
    expect(proposalShape.max_guidance_scale.safeParse(-1).success).toBe(false);
  });

  it('are read back from the store as they were kept', () => {
    const text = JSON.stringify(settings);
    expect(storedSettingsSchema.parse(JSON.parse(text))).toEqual(settings);
    expect(settingsSchema.parse(JSON.parse(text))).toEqual(settings);
    const form = { shape: 'auto', format: 'gif', loop: 'none', smooth: true, playbackFps: 10 } as const;
    expect(storedFormSchema.parse(JSON.parse(JSON.stringify(form)))).toEqual(form);
    expect(fileFormSchema.parse(form)).toEqual(form);
    expect(storedFormSchema.parse({ smooth: false, interpolate: 60 })).toEqual({ smooth: false, interpolate: 60 });
    expect(storedFormSchema.safeParse({ interpolate: 61 }).success).toBe(false);
  });

  it.each([
    [{ seed: 7, futureSetting: 1 }, 'unrecognized_keys'],
    [{ sampler: 'ddim' }, 'invalid_value'],
    [{ fps: '7' }, 'invalid_type'],
    [[], 'invalid_type'],
    [null, 'invalid_type'],
  ])('stored as %j are refused', (value, code) => {
    expect(storedSettingsSchema.safeParse(value).error?.issues[0]?.code).toBe(code);
  });

  it('are written into a clip flat, and read back from one of an earlier version', () => {
    const form = { loop: 'none', format: 'mp4', smooth: false } as const;
    const flat = flatSettings({ model: 'tiny', settings, fit: 'crop', form, provider: 'cpu' });
    expect(flat).toMatchObject({ model: 'tiny', guidanceInterval: '0.3,50', deepCacheInterval: 2, fit: 'crop' });
    expect(readComment(writeComment(flat))).toEqual(flat);
    expect(readComment('{"kinora":1,"seed":7,"stepCache":2}')).toEqual({ seed: 7, deepCacheInterval: 2 });
  });
});
