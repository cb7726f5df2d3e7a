import { InferenceSession } from 'onnxruntime-node';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { JobCancelledError } from '../../../src/errors.ts';
import { type ImageToVideoPipeline, openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';

const settings: ImageToVideoSettings = {
  width: 16,
  height: 8,
  numFrames: 3,
  numInferenceSteps: 2,
  minGuidanceScale: 1,
  maxGuidanceScale: 1,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  decodeChunkSize: 2,
  seed: 5,
  sampler: 'euler',
  schedule: 'karras',
};
const picture = () => ({ width: 16, height: 8, data: new Uint8Array(16 * 8 * 3).fill(90) });

/** Sessions that were loaded and not released. */
let open = 0;
/** Loads and runs since the last clip began. */
let events: string[] = [];
/** Called within each load and each run, while the event loop stands still. */
let onEvent = (_count: number) => {};

const { create } = InferenceSession;
vi.spyOn(InferenceSession, 'create').mockImplementation(async (...parameters: unknown[]) => {
  const session = await (create as (...all: unknown[]) => Promise<InferenceSession>).apply(
    InferenceSession,
    parameters,
  );
  open++;
  onEvent(events.push('load'));
  const { run, release } = session;
  session.run = async (...inputs: unknown[]) => {
    const outputs = await (run as (...all: unknown[]) => Promise<never>).apply(session, inputs);
    onEvent(events.push('run'));
    return outputs;
  };
  session.release = async () => {
    open--;
    await release.call(session);
  };
  return session;
});

afterEach(() => {
  onEvent = () => {};
});

/** Two steps where the UNet stays between them, one where its blocks are loaded in each. */
const stepsIn = { 'model-offload': 2, 'sequential-offload': 1 } as const;

async function frames(
  { pipeline, memoryMode }: { pipeline: ImageToVideoPipeline; memoryMode: keyof typeof stepsIn },
  signal?: AbortSignal,
): Promise<Buffer> {
  events = [];
  const run = pipeline.generate(
    picture(),
    { ...settings, numInferenceSteps: stepsIn[memoryMode] },
    signal && { signal },
  );
  let next = await run.next();
  while (!next.done) next = await run.next();
  return Buffer.concat(next.value.frames);
}

const modes = ['model-offload', 'sequential-offload'] as const;

describe.each(modes)('a clip that is cancelled in memory mode %s', (memoryMode) => {
  it('in any load or run, whatever the stage, ends before the next one, and the pipeline makes the next clip', {
    timeout: 120_000,
  }, async () => {
    const pipeline = await openImageToVideo({ modelDir: inject('tinyModel'), provider: 'cpu', threads: 1, memoryMode });
    const clip = { pipeline, memoryMode };
    const whole = await frames(clip);
    const all = events;
    // Four networks, the UNet of two steps or its blocks of one, and a decoder for each of two chunks.
    expect(all.filter((event) => event === 'load').length).toBeGreaterThan(memoryMode === 'model-offload' ? 5 : 10);
    for (let at = 1; at < all.length; at++) {
      const abort = new AbortController();
      onEvent = (count) => count === at && abort.abort();
      await expect(frames(clip, abort.signal), `event ${at}`).rejects.toBeInstanceOf(JobCancelledError);
      expect(events).toEqual(all.slice(0, at));
      expect(open).toBe(0);
    }
    onEvent = () => {};
    expect(await frames(clip)).toEqual(whole);
  });

  it('by a message that waits while a load blocks is told before the next load', async () => {
    const pipeline = await openImageToVideo({ modelDir: inject('tinyModel'), provider: 'cpu', threads: 1, memoryMode });
    const abort = new AbortController();
    onEvent = (count) => count === 2 && setImmediate(() => abort.abort());
    await expect(frames({ pipeline, memoryMode }, abort.signal)).rejects.toBeInstanceOf(JobCancelledError);
    expect(events).toEqual(['load', 'run']);
  });
});
