import { performance } from 'node:perf_hooks';
import { receiveMessageOnPort } from 'node:worker_threads';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { LatentGuess } from '../../src/inference/pipeline/preview.ts';
import { encodePreview } from '../../src/media/encode-webp.ts';
import type { RgbFrames } from '../../src/util/rgb.ts';
import { makeClip } from '../../src/worker/make-clip.ts';
import { beginPreview, previewFiles } from '../../src/worker/preview-clip.ts';
import type { RenderTools, SafetyRule } from '../../src/worker/render-tools.ts';
import { fakeTools, scripted } from './fixtures/fake-tools.ts';

const plain = {
  orientation: { swap: false, mirror: false },
  fps: 7,
  ratio: 2,
  safety: undefined,
  encode: encodePreview,
  signal: undefined,
  log: () => {},
};

/** A clip whose frames are of one grey each. */
function greys(width: number, height: number, levels: readonly number[]): RgbFrames {
  return { width, height, frames: levels.map((level) => new Uint8Array(width * height * 3).fill(level)) };
}

/** A guess of frames of one grey each, by latents of one channel that are greys themselves. */
function guessOf(width: number, height: number, levels: readonly number[]): LatentGuess {
  const pixels = width * height;
  const ramp = Uint8Array.from({ length: pixels }, (_, at) => (at * 255) / (pixels - 1));
  const picture = {
    width,
    height,
    data: Uint8Array.from({ length: pixels * 3 }, (_, at) => ramp[Math.floor(at / 3)]!),
  };
  const latents = Float32Array.from({ length: levels.length * pixels }, (_, at) => levels[Math.floor(at / pixels)]!);
  const pictures = [{ picture, latents: Float32Array.from(ramp) }];
  return { width, height, frames: levels.length, scalingFactor: 1, latents, pictures };
}

/** Everything that is handed over, once `count` files were. */
function collector(count: number) {
  const files: Uint8Array[] = [];
  let done = () => {};
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const hand = (bytes: Uint8Array) => {
    files.push(bytes);
    if (files.length === count) done();
  };
  return { files, hand, all };
}

async function decoded(bytes: Uint8Array) {
  const { data, info } = await sharp(bytes, { animated: true })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { pages, delay, loop } = await sharp(bytes, { animated: true }).metadata();
  return { data, width: info.width, height: info.height / (pages ?? 1), pages, delay, loop };
}

describe('a preview', () => {
  it('is an endless animated WebP of all frames, 160 pixels wide, in the clip’s shape and at its speed', async () => {
    const { files, hand, all } = collector(1);
    await previewFiles({ everySeconds: 0, hand }, { ...plain, ratio: 16 / 9 }).hand(guessOf(16, 8, [40, 90, 200]));
    await all;
    const { data, ...shape } = await decoded(files[0]!);
    expect(shape).toEqual({ width: 160, height: 90, pages: 3, delay: [143, 143, 143], loop: 0 });
    const middle = (frame: number) => data[(frame * 90 + 45) * 160 * 3 + 240]!;
    expect([0, 1, 2].map((frame) => Math.round(middle(frame) / 5) * 5)).toEqual([40, 90, 200]);
  });

  it('is smaller than 150 KB, also of 60 upright frames of noise', async () => {
    const noise = (seed: number) =>
      Uint8Array.from({ length: 160 * 284 * 3 }, (_, at) => (Math.imul(at + seed * 7919, 2654435761) >>> 24) / 4 + 96);
    const frames = Array.from({ length: 60 }, (_, frame) => noise(frame % 5));
    const bytes = await encodePreview({ width: 160, height: 284, frames }, 7);
    expect(bytes!.byteLength).toBeLessThan(150_000);
  });

  it('lies as the picture lies, however the model got to see it', async () => {
    const { files, hand, all } = collector(1);
    const turned = { ...plain, orientation: { swap: true, mirror: false }, ratio: 2 };
    const guess = guessOf(8, 16, [0]);
    // Its upper half, which is the left one of the picture, is bright.
    guess.latents.fill(200, 0, 8 * 8);
    await previewFiles({ everySeconds: 0, hand }, turned).hand(guess);
    await all;
    const { data, width, height } = await decoded(files[0]!);
    expect([width, height]).toEqual([160, 80]);
    expect([data[(40 * 160 + 20) * 3]! > 150, data[(40 * 160 + 140) * 3]! < 50]).toEqual([true, true]);
  });

  it('is made while the step’s own thread is held, as ONNX Runtime holds it: the largest one delays no step', () => {
    const answers = beginPreview({
      ...plain,
      guess: guessOf(
        128,
        72,
        Array.from({ length: 25 }, (_, at) => at * 10),
      ),
    });
    const startMs = performance.now();
    let answer: ReturnType<typeof receiveMessageOnPort>;
    // No event is handled meanwhile.
    do answer = receiveMessageOnPort(answers);
    while (answer === undefined && performance.now() - startMs < 60_000);
    answers.close();
    expect(answer?.message.bytes.byteLength).toBeGreaterThan(100);
  });

  it('that cannot be made is told of, and costs the clip nothing', async () => {
    let told = (_message: string) => {};
    const message = new Promise<string>((resolve) => {
      told = resolve;
    });
    const guess = { ...guessOf(16, 8, [1, 2]), pictures: [] };
    await previewFiles({ everySeconds: 0, hand: () => {} }, { ...plain, log: told }).hand(guess);
    expect(await message).toMatch(/^A preview could not be written: /);
  });

  it('is dropped where a newer one was begun before it was ready, or the clip was cancelled', async () => {
    const { files, hand, all } = collector(1);
    const previews = previewFiles({ everySeconds: 0, hand }, plain);
    await previews.hand(guessOf(16, 8, [10]));
    await previews.hand(guessOf(16, 8, [200]));
    await all;
    expect(files).toHaveLength(1);
    expect((await decoded(files[0]!)).data[0]).toBeGreaterThan(150);

    const abort = new AbortController();
    const cancelled = collector(1);
    await previewFiles({ everySeconds: 0, hand: cancelled.hand }, { ...plain, signal: abort.signal }).hand(
      guessOf(16, 8, [9]),
    );
    abort.abort();
    // The thread takes one after the other.
    const next = collector(1);
    await previewFiles({ everySeconds: 0, hand: next.hand }, plain).hand(guessOf(16, 8, [9]));
    await next.all;
    expect(cancelled.files).toEqual([]);
  });
});

/** Tools whose pipeline hands over one guess. */
function guessingTools(guess: LatentGuess, safety?: SafetyRule): RenderTools {
  const tools = fakeTools();
  const { generate } = tools.pipeline;
  const pipeline: RenderTools['pipeline'] = {
    ...tools.pipeline,
    async *generate(picture, settings, options) {
      await options?.previews?.hand(guess);
      return yield* generate(picture, settings, options);
    },
  };
  return { ...tools, encodePreview, pipeline, ...(safety && { safety }) };
}

const spec = { picture: scripted({}), settings: { seed: 5 }, fit: 'pad' as const };

describe('makeClip with somebody who looks on', () => {
  it('hands over files of the guesses, in the shape that the clip will have', async () => {
    const { files, hand, all } = collector(1);
    await makeClip(guessingTools(guessOf(8, 6, [50, 60])), spec, { previews: { everySeconds: 0, hand } });
    await all;
    expect(await decoded(files[0]!)).toMatchObject({ width: 160, height: 120, pages: 2 });
  });

  it('has a classifier look at each preview first: one that it refuses is shown to nobody, and the clip goes on', async () => {
    const seen: number[] = [];
    const rate = async ({ data }: { data: Uint8Array }) => {
      seen.push(data[0]!);
      return data[0]! / 255;
    };
    const tools = guessingTools(guessOf(8, 6, [50, 60, 250]), { check: { rate }, threshold: 0.7 });
    const files: Uint8Array[] = [];
    const clip = await makeClip(tools, spec, {
      previews: { everySeconds: 0, hand: (bytes) => void files.push(bytes) },
    });
    expect(clip.frames).toBe(4);
    await encodePreview(greys(160, 120, [1, 2, 3]), 7);
    expect(files).toEqual([]);
    // The picture, then the preview's three frames, then the clip's.
    expect(seen.slice(0, 4)).toEqual([0, 50, 60, 250]);
  });
});
