import type { Attempt } from '../../src/storage/attempts.ts';
import type { Job, ModelCapabilities, NewJob } from '../../src/storage/job.ts';
import type { JobStore } from '../../src/storage/job-store.ts';
import type { Clip } from '../../src/worker/types.ts';

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

/** A job as a handler hands it in. */
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

/** Claims a job, as whoever renders it does. */
export async function claim(store: Pick<JobStore, 'claim'>, id: string, holder = 'local test'): Promise<Attempt> {
  const claimed = await store.claim(id, { holder, nowMs: 1, leaseMs: 1_000 });
  if (claimed === undefined) throw new Error(`Job ${id} cannot be claimed.`);
  return claimed.attempt;
}

/** Claims a job and has its clip stored, as whoever renders it does. */
export async function keepClip(
  store: Pick<JobStore, 'claim' | 'keepClip'>,
  id: string,
  { clip, atMs }: { clip: Clip; atMs: number },
): Promise<Job> {
  const job = await store.keepClip(await claim(store, id), clip, atMs);
  if (job === undefined) throw new Error(`The clip of job ${id} was refused.`);
  return job;
}

/** Takes jobs in, one after another; their ids. */
export async function addAll(store: Pick<JobStore, 'add'>, jobs: readonly NewJob[], atMs = 1): Promise<string[]> {
  const ids: string[] = [];
  for (const job of jobs) ids.push((await store.add(job, atMs)).id);
  return ids;
}
