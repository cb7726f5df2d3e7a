import type { ModelCapabilities, NewJob } from '../../src/storage/job.ts';

/** A small model's facts. */
export const tinyModel: ModelCapabilities = {
  name: 'tiny',
  defaults: {
    width: 64,
    height: 64,
    numFrames: 4,
    numInferenceSteps: 2,
    minGuidanceScale: 1,
    maxGuidanceScale: 3,
    fps: 7,
    motionBucketId: 127,
    noiseAugStrength: 0.02,
    decodeChunkSize: 4,
    sampler: 'euler',
    schedule: 'karras',
  },
  limits: { maxSteps: 60, maxFrames: 4 },
};

/** A job as a door would hand it in. */
export function newJob(changes: Partial<NewJob> = {}): NewJob {
  return {
    userId: 'u1',
    guildId: 'g1',
    address: { channelId: 'c1' },
    settings: { seed: 7 },
    fit: 'crop',
    maxBytes: 1000,
    picture: Buffer.from('picture'),
    ...changes,
  };
}
