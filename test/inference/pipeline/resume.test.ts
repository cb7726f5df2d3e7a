import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { readCheckpoint } from '../../../src/inference/pipeline/checkpoint.ts';
import {
  type ImageToVideoPipeline,
  type OpenImageToVideoOptions,
  openImageToVideo,
} from '../../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoSettings, PipelineProgress } from '../../../src/inference/pipeline/types.ts';
import type { RgbPicture } from '../../../src/util/rgb.ts';
import { linkModel } from '../../support/linked-model.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const tinyModel = inject('tinyModel');

const settings: ImageToVideoSettings = {
  width: 16,
  height: 16,
  numFrames: 2,
  numInferenceSteps: 6,
  minGuidanceScale: 1,
  maxGuidanceScale: 3,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  // Chunks of one size, whose network stays.
  decodeChunkSize: 1,
  seed: 5,
  sampler: 'euler',
  schedule: 'karras',
};
const picture: RgbPicture = {
  width: 16,
  height: 16,
  data: Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => (at * 37) % 256),
};

/** How a run is made that differs from the others. */
interface RunChanges {
  settings?: Partial<ImageToVideoSettings>;
  picture?: RgbPicture;
  open?: Partial<OpenImageToVideoOptions>;
  everySeconds?: number;
  resume?: Uint8Array | undefined;
}

/** Open pipelines with what they log now. */
const pipelines = new Map<string, { pipeline: ImageToVideoPipeline; logged: string[] }>();

afterAll(async () => {
  for (const { pipeline } of pipelines.values()) await pipeline.release();
});

/**
 * The pipeline of these options. Runs that go on from a checkpoint have one of their own, which has seen nothing of the
 * runs that were broken off, as after a restart; networks stay in it, for loading them is most of a run.
 */
async function pipelineFor({ open, resume }: RunChanges) {
  const key = JSON.stringify([open, resume !== undefined]);
  const known = pipelines.get(key);
  if (known !== undefined) {
    known.logged = [];
    return known;
  }
  const opened = {
    logged: [] as string[],
    pipeline: await openImageToVideo({
      modelDir: tinyModel,
      provider: 'cpu',
      threads: 1,
      memoryMode: 'resident',
      log: (message) => opened.logged.push(message),
      ...open,
    }),
  };
  pipelines.set(key, opened);
  return opened;
}

/** A whole run: frames, news, checkpoints and what was logged. */
async function runOf({ everySeconds, resume, ...changes }: RunChanges = {}) {
  const opened = await pipelineFor({ ...changes, resume });
  const { pipeline, logged } = opened;
  const log = (message: string) => logged.push(message);
  const checkpoints: Uint8Array[] = [];
  const run = pipeline.generate(
    changes.picture ?? picture,
    { ...settings, ...changes.settings },
    {
      resume: resume && readCheckpoint(resume, log),
      checkpoints:
        everySeconds === undefined
          ? undefined
          : { everySeconds, hand: async (bytes) => void checkpoints.push(bytes.slice()) },
    },
  );
  const news: PipelineProgress[] = [];
  let next = await run.next();
  for (; !next.done; next = await run.next()) news.push(next.value);
  const steps = news.map(({ stage, step }) => `${stage} ${step}`);
  return { ...next.value, clip: Buffer.concat(next.value.frames), news, steps, checkpoints, logged };
}

const everyStep = 1e-9;

/** A run that was not broken off, and the state after each of its steps. */
const reference = await runOf({ everySeconds: everyStep });

/** The first and the middle one of several. */
function some<T>(items: readonly T[]): T[] {
  return [...new Set([items[0]!, items[Math.floor(items.length / 2)]!])];
}

describe('a run that goes on from a checkpoint', { timeout: 240_000 }, () => {
  it.each<[string, Partial<ImageToVideoSettings>, number[], Partial<OpenImageToVideoOptions>?]>([
    ['euler', {}, [1, 2, 3, 4]],
    ['euler-ancestral', { sampler: 'euler-ancestral' }, [1, 2, 3, 4]],
    ['euler-ancestral-discrete', { sampler: 'euler-ancestral-discrete', schedule: 'model' }, [1, 2, 3, 4]],
    ['the ays schedule', { schedule: 'ays' }, [1, 2, 3, 4]],
    ['DeepCache of 2', { deepCacheInterval: 2 }, [2, 4]],
    ['DeepCache of 4', { deepCacheInterval: 4, sampler: 'euler-ancestral', numInferenceSteps: 6 }, [4, 6]],
    ['guidance in an interval', { guidanceInterval: [0.05, 200] }, [1, 2, 3, 4]],
    ['both', { guidanceInterval: [0.05, 50], deepCacheInterval: 2 }, [2, 4]],
    ['both, where guidance begins in a shallow step', { guidanceInterval: [0.05, 400], deepCacheInterval: 2 }, [2, 4]],
    // Last, since networks of other sizes take the place of those that the others share.
    ['animate-lcm', { sampler: 'animate-lcm', schedule: 'model', maxGuidanceScale: 1 }, [1, 2, 3, 4]],
    ['a single frame', { sampler: 'euler-ancestral', width: 8, numFrames: 1 }, [1, 2, 3, 4]],
    ['half precision', { sampler: 'euler-ancestral' }, [1, 2, 3, 4], { precision: 'float16' }],
    ['guidance in two calls', {}, [1, 2, 3, 4], { guidanceBatch: 'split' }],
  ])('%s: gives the frames of a run that was not broken off, bit for bit', async (_, changes, kept, open = {}) => {
    const small = { width: changes.width ?? 16, height: 16 };
    const steps = changes.numInferenceSteps ?? 4;
    const whole = {
      settings: { ...changes, numInferenceSteps: steps },
      open,
      picture: { ...small, data: picture.data.slice(0, small.width * 16 * 3) },
    };
    const undisturbed = await runOf({ ...whole, everySeconds: everyStep });
    const { checkpoints } = undisturbed;
    expect(checkpoints.map((bytes) => readCheckpoint(bytes, () => {})?.step)).toEqual(kept);
    for (const step of some(kept)) {
      const resumed = await runOf({ ...whole, resume: checkpoints[kept.indexOf(step)] });
      expect(resumed.logged).toEqual([`Going on after step ${step} of ${steps}.`]);
      expect(resumed.clip.equals(undisturbed.clip), `after step ${step}`).toBe(true);
      expect(resumed.settings).toEqual(undisturbed.settings);
    }
  });

  it('can itself be broken off and gone on from', async () => {
    const changes = { settings: { sampler: 'euler-ancestral' as const }, everySeconds: everyStep };
    const first = await runOf(changes);
    const second = await runOf({ ...changes, resume: first.checkpoints[1] });
    expect(second.checkpoints).toHaveLength(4);
    const third = await runOf({ ...changes, resume: second.checkpoints[2] });
    expect(third.clip.equals(first.clip)).toBe(true);
  });

  it('tells its progress from where it was, and counts the time that was spent before', async () => {
    const { checkpoints, secondsPerStage } = reference;
    const resume = checkpoints[3];
    const before = readCheckpoint(resume!, () => {})!.seconds;
    expect(before.denoise).toBeGreaterThan(0);
    expect(before.denoise).toBeLessThan(secondsPerStage.denoise);
    const resumed = await runOf({ resume });
    expect(resumed.steps).toEqual([
      ...['prepare 0', 'prepare 1'],
      ...['denoise 4', 'denoise 5', 'denoise 6'],
      ...['decode 0', 'decode 1', 'decode 2'],
    ]);
    expect(resumed.news[2]?.secondsPerStep).toBeCloseTo(before.denoise / 4, 1);
    expect(resumed.secondsPerStage.denoise).toBeGreaterThan(before.denoise);
    expect(resumed.secondsPerStage['encode-image']).toBe(before['encode-image']);
  });

  it('goes straight to decoding after the last step', async () => {
    const { checkpoints, clip } = reference;
    const resumed = await runOf({ resume: checkpoints.at(-1) });
    expect(resumed.steps).toEqual(['prepare 0', 'prepare 1', 'denoise 6', 'decode 0', 'decode 1', 'decode 2']);
    expect(resumed.clip.equals(clip)).toBe(true);
  });
});

describe('checkpoints', { timeout: 120_000 }, () => {
  it('come at most as often as asked for, and change nothing', async () => {
    const { checkpoints, clip } = await runOf({ everySeconds: 3600 });
    expect(checkpoints).toEqual([]);
    expect(clip.equals(reference.clip)).toBe(true);
    expect(clip.equals((await runOf()).clip)).toBe(true);
  });

  it.each<[string, (whole: RunChanges) => RunChanges | Promise<RunChanges>, RegExp]>([
    ['another seed', () => ({ settings: { seed: 6 } }), /other settings/],
    ['another number of steps', () => ({ settings: { numInferenceSteps: 3 } }), /other settings/],
    [
      'another picture',
      () => ({ picture: { ...picture, data: picture.data.map((value) => value ^ 1) } }),
      /other picture/,
    ],
    ['another precision', () => ({ open: { precision: 'float16' } }), /other execution/],
    [
      'a model of the same weights with another config',
      () => {
        const modelDir = join(tempFolder(), 'tiny');
        linkModel(tinyModel, modelDir);
        const file = join(modelDir, 'scheduler', 'scheduler_config.json');
        const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
        writeFileSync(file, JSON.stringify({ ...config, num_train_timesteps: 500 }));
        return { open: { modelDir } };
      },
      /other model/,
    ],
    [
      'weights that were replaced since',
      async () => {
        const modelDir = join(tempFolder(), 'tiny');
        linkModel(tinyModel, modelDir, ['image_encoder']);
        const weights = join(modelDir, 'image_encoder', 'model.safetensors');
        const bytes = readFileSync(weights);
        bytes[bytes.byteLength - 1]! ^= 1;
        writeFileSync(weights, bytes);
        return { open: { modelDir } };
      },
      /other model/,
    ],
  ])('of %s are passed over, with a line in the log', async (_, change, why) => {
    const { checkpoints } = reference;
    const changed = await change({});
    const expected = await runOf(changed);
    const resumed = await runOf({ ...changed, resume: checkpoints[2] });
    expect(resumed.logged).toEqual([expect.stringMatching(why)]);
    expect(resumed.clip.equals(expected.clip)).toBe(true);
    expect(resumed.steps).toEqual(expected.steps);
  });

  it('are still good where they come as a part of a larger buffer, as over a network', () => {
    const bytes = reference.checkpoints[2]!;
    const received = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(2)]).subarray(3, 3 + bytes.length);
    const logged: string[] = [];
    expect(readCheckpoint(received, (message) => logged.push(message))).toEqual(readCheckpoint(bytes, () => {}));
    expect(logged).toEqual([]);
  });

  it('are still good in another folder or on another host, with files of another age', async () => {
    const { checkpoints, clip } = reference;
    const modelDir = join(tempFolder(), 'another-name');
    cpSync(tinyModel, modelDir, { recursive: true });
    const resumed = await runOf({ resume: checkpoints[2], open: { modelDir } });
    expect(resumed.logged).toEqual(['Going on after step 3 of 6.']);
    expect(resumed.clip.equals(clip)).toBe(true);
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['empty', () => new Uint8Array()],
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['longer', (bytes) => Buffer.concat([bytes, new Uint8Array(4)])],
    ['nothing but zeros', (bytes) => new Uint8Array(bytes.length)],
    ['nothing but ones', (bytes) => new Uint8Array(bytes.length).fill(255)],
    ['changed in one value', (bytes) => bytes.map((byte, at) => (at === bytes.length - 3000 ? byte ^ 1 : byte))],
    [
      'of a later version',
      (bytes) => Buffer.from(Buffer.from(bytes).toString('latin1').replace('seed', 'sEEd'), 'latin1'),
    ],
  ])('that are %s are passed over, with a line in the log', (_, damage) => {
    const logged: string[] = [];
    const log = (message: string) => logged.push(message);
    expect(readCheckpoint(reference.checkpoints[2]!, log)?.step).toBe(3);
    expect(readCheckpoint(damage(reference.checkpoints[2]!), log)).toBeUndefined();
    expect(logged).toEqual([expect.stringMatching(/^A checkpoint cannot be read, the clip starts over: /)]);
  });
});
