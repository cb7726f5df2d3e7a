import { describe, expect, it } from 'vitest';
import { modelCapabilities, watchProvider } from '../../src/cli/bot-parts.ts';
import { UserError } from '../../src/errors.ts';
import { presetNames } from '../../src/inference/pipeline/presets.ts';
import type { ModelInfo } from '../../src/inference/pipeline/types.ts';
import type { JobSettings } from '../../src/storage/job.ts';
import { makeClip } from '../support/scripted-renderer.ts';

const info: ModelInfo = {
  name: 'svd',
  defaults: {
    width: 1024,
    height: 576,
    numFrames: 25,
    numInferenceSteps: 25,
    minGuidanceScale: 1,
    maxGuidanceScale: 3,
    fps: 7,
    motionBucketId: 127,
    noiseAugStrength: 0.02,
    decodeChunkSize: 8,
    sampler: 'euler',
    schedule: 'karras',
  },
  limits: { sizeStep: 8, minSize: 64, maxSize: 4096, maxFrames: 25, maxSteps: 1000 },
};
const model = modelCapabilities(info);

/** The code of what is wrong with settings; undefined where nothing is. */
function refusal(settings: JobSettings): string | undefined {
  try {
    model.checkSettings?.(settings);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.code;
    throw error;
  }
}

describe('checkSettings of a model’s facts', () => {
  it('takes every recipe as it is, and the model’s own settings', () => {
    expect(refusal({})).toBeUndefined();
    for (const name of presetNames) expect([name, refusal(model.presets![name]!)]).toEqual([name, undefined]);
  });

  it.each<[string, JobSettings]>([
    ['bad-steps', { ...model.presets!['animate-lcm']!, numInferenceSteps: 50 }],
    ['schedule-not-for-sampler', { sampler: 'animate-lcm', schedule: 'ays', numInferenceSteps: 4 }],
    ['schedule-not-for-sampler', { sampler: 'euler-ancestral-discrete', schedule: 'ays' }],
    ['settings-invalid', { numInferenceSteps: 1001 }],
    ['settings-invalid', { width: 100 }],
    ['settings-invalid-name', { sampler: 'ddim' as never }],
  ])('refuses with %s what the renderer would refuse: %j', (code, settings) => {
    expect(refusal(settings)).toBe(code);
  });

  it('lets the model’s defaults give way, as the renderer does', () => {
    // Eight frames are decoded together by default, and guidance ends at 3.
    expect(refusal({ numFrames: 2, minGuidanceScale: 5 })).toBeUndefined();
  });
});

describe('watchProvider', () => {
  const spec = { picture: Buffer.alloc(0), settings: {}, fit: 'crop' as const };
  const clip = { ...makeClip(spec), provider: 'cuda' as const };
  const renderer = { render: async () => clip };
  const encoder = { name: 'encoder', lane: 'encode', renderer } as const;

  it('a bot that renders nothing itself knows by its workers what clips are made on, whatever it is set to', () => {
    const { usedProvider, onClip } = watchProvider([encoder], 'cpu');
    const worker = (provider: string) => ({ lane: 'render', facts: { provider } }) as const;
    expect(usedProvider([encoder])).toBeUndefined();
    expect(usedProvider([worker('auto')])).toBeUndefined();
    const unfit = { ...worker('webgpu'), unfit: 'another model' };
    expect(usedProvider([worker('cuda'), unfit, worker('auto'), worker('cpu'), worker('cuda')])).toBe('cpu, cuda');
    onClip({ ...clip, secondsPerStage: { ...clip.secondsPerStage, denoise: 0 } });
    expect(usedProvider([])).toBeUndefined();
    onClip(clip);
    expect(usedProvider([])).toBe('cuda');
  });

  it('one that renders says what it is set to, or what its first clip was made on', async () => {
    const device = { name: 'device', lane: 'render', renderer } as const;
    expect(watchProvider([device], 'cpu').usedProvider([])).toBe('cpu');
    const { workers, usedProvider } = watchProvider([device], 'auto');
    expect(usedProvider([])).toBeUndefined();
    await workers[0]!.renderer.render(spec);
    expect(usedProvider([])).toBe('cuda');
  });
});
