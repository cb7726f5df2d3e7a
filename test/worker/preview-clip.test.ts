import { performance } from 'node:perf_hooks';
import { receiveMessageOnPort } from 'node:worker_threads';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { JobCancelledError } from '../../src/errors.ts';
import { encodePreview } from '../../src/media/encode-webp.ts';
import { makeClip } from '../../src/worker/make-clip.ts';
import { beginPreview, isLooking, previewFiles } from '../../src/worker/preview-clip.ts';
import type { PreviewAnswer } from '../../src/worker/preview-thread.ts';
import { brightnessClassifier } from '../support/brightness-classifier.ts';
import { scripted } from './fixtures/fake-tools.ts';
import { guessingTools, guessOf, lookBegun } from './fixtures/guessing-tools.ts';

const plain = {
  orientation: { swap: false, mirror: false },
  fps: 7,
  ratio: 2,
  safety: undefined,
  signal: undefined,
  log: () => {},
};

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

/** What the thread answers while no event is handled in here. */
function answerWhileHeld({ answers }: ReturnType<typeof beginPreview>): PreviewAnswer {
  const startMs = performance.now();
  let answer: ReturnType<typeof receiveMessageOnPort>;
  do answer = receiveMessageOnPort(answers);
  while (answer === undefined && performance.now() - startMs < 60_000);
  answers.close();
  return answer?.message;
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
    const pictures = Array.from({ length: 5 }, (_, seed) => noise(seed));
    const frames = Array.from({ length: 60 }, (_, frame) => pictures[frame % 5]!);
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
    const greys = Array.from({ length: 25 }, (_, at) => at * 10);
    const { bytes } = answerWhileHeld(beginPreview({ ...plain, guess: guessOf(128, 72, greys) }));
    expect(bytes!.byteLength).toBeGreaterThan(100);
  });

  it('that cannot be made is told of, and costs the clip nothing', async () => {
    let told = (_message: string) => {};
    const message = new Promise<string>((resolve) => {
      told = resolve;
    });
    const guess = { ...guessOf(16, 8, [1, 2]), pictures: [] };
    await previewFiles({ everySeconds: 0, hand: () => {} }, { ...plain, log: told }).hand(guess);
    expect(await message).toMatch(/^A preview could not be made: /);
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

/** Of black and dark frames it refuses none, of bright ones each. */
const ruleOf = (modelDir = brightnessClassifier()) => ({ modelDir, threshold: 0.8 });
const dark = [10, 20, 30];
const darkThenBright = [10, 20, 250];

describe('a preview where there is a safety check', () => {
  it('is looked at while the step’s own thread is held, as ONNX Runtime holds it: no look delays a step', () => {
    const rule = ruleOf();
    const answerTo = (levels: number[]) =>
      answerWhileHeld(beginPreview({ ...plain, guess: guessOf(128, 72, levels) }, rule));
    expect(answerTo(dark).bytes!.byteLength).toBeGreaterThan(100);
    expect(answerTo(darkThenBright)).toEqual({});
  });

  it.each([
    ['cannot be opened', () => ruleOf('none/such'), /could not be made: .*none\/such/],
    [
      'breaks at a look',
      () => ruleOf(brightnessClassifier({ scale: Number.NaN })),
      /could not be made: .*safety check/,
    ],
  ])('that %s is shown to nobody, which is told', async (_, rule, words) => {
    let told = (_message: string) => {};
    const message = new Promise<string>((resolve) => {
      told = resolve;
    });
    const files: Uint8Array[] = [];
    const hand = (bytes: Uint8Array) => void files.push(bytes);
    previewFiles({ everySeconds: 0, hand }, { ...plain, safety: rule(), log: told }).hand(guessOf(16, 8, dark));
    expect(await message).toMatch(words);
    expect(files).toEqual([]);
  });

  it('is finished although newer ones come, of which the newest alone waits for it', async () => {
    const safety = ruleOf(brightnessClassifier({ delays: 10 }));
    const { files, hand, all } = collector(2);
    const logged: string[] = [];
    const log = (message: string) => void logged.push(message);
    const previews = previewFiles({ everySeconds: 0, hand }, { ...plain, safety, log });
    previews.hand(guessOf(16, 8, [0, 50, 100, 20, 70]));
    await lookBegun();
    // It would be told of if it were begun.
    previews.hand({ ...guessOf(16, 8, [6]), pictures: [] });
    previews.hand(guessOf(16, 8, [100]));
    await all;
    expect((await decoded(files[0]!)).pages).toBe(5);
    expect((await decoded(files[1]!)).data[0]).toBeGreaterThan(80);
    expect(logged).toEqual([]);
  });
});

const spec = { picture: scripted({}), settings: { seed: 5 }, fit: 'pad' as const };

/** A check of the render thread that lets everything pass. */
const lenient = { check: { rate: async () => 0 } };

describe('makeClip with somebody who looks on', () => {
  it('hands over files of the guesses, in the shape that the clip will have', async () => {
    const { files, hand, all } = collector(1);
    await makeClip(guessingTools(guessOf(8, 6, [50, 60])), spec, { previews: { everySeconds: 0, hand } });
    await all;
    expect(await decoded(files[0]!)).toMatchObject({ width: 160, height: 120, pages: 2 });
  });

  it('has a classifier look at each preview first: one that it refuses is shown to nobody, and the clip goes on', async () => {
    const safety = { ...ruleOf(), ...lenient };
    const filesOf = async (levels: number[]) => {
      const files: Uint8Array[] = [];
      // The thread takes one after the other.
      const after = async () => void (await beginPreview({ ...plain, guess: guessOf(8, 6, [0]) }).answer);
      const clip = await makeClip(guessingTools(guessOf(8, 6, levels), { safety, after }), spec, {
        previews: { everySeconds: 0, hand: (bytes) => void files.push(bytes) },
      });
      expect(clip.frames).toBe(4);
      return files;
    };
    expect(await filesOf(dark)).toHaveLength(1);
    expect(await filesOf(darkThenBright)).toHaveLength(0);
  });

  it.each([
    ['is done', async () => {}, undefined],
    [
      'failed',
      async () => {
        throw new Error('no memory');
      },
      'no memory',
    ],
    ['was cancelled', (stop: AbortController) => stop.abort(new JobCancelledError('enough')), 'enough'],
  ])(
    'waits for a look that is under way when the clip %s, and then nothing is looked at or shown',
    async (_, how, error) => {
      const safety = { ...ruleOf(brightnessClassifier({ delays: 20 })), ...lenient };
      const stop = new AbortController();
      const after = async () => {
        await lookBegun();
        await how(stop);
      };
      const files: Uint8Array[] = [];
      const clip = makeClip(guessingTools(guessOf(8, 6, [1, 2, 3, 4, 5]), { safety, after }), spec, {
        signal: stop.signal,
        previews: { everySeconds: 0, hand: (bytes) => void files.push(bytes) },
      });
      if (error === undefined) await clip;
      else await expect(clip).rejects.toThrow(error);
      expect(isLooking()).toBe(false);
      await beginPreview({ ...plain, guess: guessOf(8, 6, [0]) }).answer;
      expect(files).toEqual([]);
    },
  );
});
