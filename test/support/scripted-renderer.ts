import { JobCancelledError } from '../../src/errors.ts';
import { automaticFormat } from '../../src/settings/clip-form.ts';
import type { Clip, Renderer, RenderOptions, RenderSpec } from '../../src/worker/types.ts';

/** A render that a test holds in its hand. */
interface ScriptedRender {
  spec: RenderSpec;
  signal: AbortSignal | undefined;
  progress: NonNullable<RenderOptions['onProgress']>;
  finish(clip?: Partial<Clip>): void;
  fail(error: unknown): void;
}

/** A renderer whose renders end when the test says so, or when they are cancelled. */
export interface ScriptedRenderer extends Renderer {
  renders: ScriptedRender[];
  /** The render with this index, now or when it begins. */
  begun(index: number): Promise<ScriptedRender>;
  /** Hands a checkpoint of that render over. */
  checkpoint(index: number, bytes: Uint8Array): void;
  /** Hands a preview of that render over; false where nobody looks on. */
  preview(index: number, bytes: Uint8Array): boolean;
}

/** A clip of made-up bytes. */
export function makeClip(spec: RenderSpec, changes: Partial<Clip> = {}): Clip {
  const { format = 'mp4', loop = 'none', smooth = false, ...form } = spec.form ?? {};
  const extended = spec.base?.use === 'extend' || spec.base?.metadata.extended;
  return {
    bytes: Buffer.from(`clip of seed ${spec.settings.seed}`),
    ...(spec.keepMaster && { master: Buffer.from(`frames of seed ${spec.settings.seed}`) }),
    form: { ...form, loop, smooth, format: format === 'auto' ? automaticFormat(loop) : format },
    ...(extended && { extended }),
    frames: 4,
    fps: spec.form?.smooth ? 24 : (spec.settings.fps ?? 7),
    width: 64,
    height: 64,
    upscaleFactor: 1,
    settings: {
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
      seed: 0,
      sampler: 'euler',
      schedule: 'karras',
      ...spec.settings,
    },
    fit: spec.fit,
    model: 'tiny',
    provider: 'cpu',
    secondsPerStage: { prepare: 1, 'encode-image': 1, denoise: 20, decode: 5, upscale: 0, 'encode-video': 1 },
    ...changes,
  };
}

/** A renderer for tests of what is around rendering. */
export function createScriptedRenderer(): ScriptedRenderer {
  const renders: ScriptedRender[] = [];
  const checkpoints: ((bytes: Uint8Array) => void)[] = [];
  const previews: RenderOptions['onPreview'][] = [];
  const watchers = new Set<() => void>();
  return {
    renders,
    begun: (index) =>
      new Promise((resolve) => {
        const look = () => {
          const render = renders[index];
          if (render === undefined) return;
          watchers.delete(look);
          resolve(render);
        };
        watchers.add(look);
        look();
      }),
    checkpoint: (index, bytes) => checkpoints[index]?.(bytes),
    preview(index, bytes) {
      previews[index]?.(bytes);
      return previews[index] !== undefined;
    },
    render: (spec, { signal, onProgress, onCheckpoint = () => {}, onPreview } = {}) =>
      new Promise((resolve, reject) => {
        checkpoints.push(onCheckpoint);
        previews.push(onPreview);
        signal?.addEventListener('abort', () => reject(new JobCancelledError()), { once: true });
        renders.push({
          spec,
          signal,
          progress: onProgress ?? (() => {}),
          finish: (changes) => resolve(makeClip(spec, changes)),
          fail: reject,
        });
        for (const look of [...watchers]) look();
      }),
    close: async () => {},
  };
}
