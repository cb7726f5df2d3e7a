import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import type { ImageToVideoResult, PipelineProgress } from '../../src/inference/pipeline/types.ts';
import { contactSheet } from '../../src/media/contact-sheet.ts';
import type { RgbFrames } from '../../src/util/rgb.ts';
import { makeClip } from '../../src/worker/make-clip.ts';
import type { RenderTools } from '../../src/worker/render-tools.ts';
import type { RenderProgress, RenderSpec } from '../../src/worker/types.ts';
import { readStates, stateOf } from '../../src/worker/variation-states.ts';
import { fakeInfo, fakeTools, scripted } from './fixtures/fake-tools.ts';

const spec: RenderSpec = {
  picture: scripted({ picture: { width: 160, height: 90 } }),
  settings: { seed: 5, numInferenceSteps: 5 },
  fit: 'crop',
  form: { variations: 3, shape: 'auto', loop: 'ping-pong', upscale: '2', smooth: true, format: 'mp4' },
};

const noLog = () => {};

/** A pipeline whose variations are frames of one colour, the seed's, and whose states say the seed. */
function setUp() {
  const base = fakeTools();
  const sheets: RgbFrames[] = [];
  const asked: string[] = [];
  const tools: RenderTools = {
    ...base,
    contactSheet,
    finishClip: (clip, options) => {
      sheets.push(clip);
      return base.finishClip(clip, options);
    },
    pipeline: {
      ...base.pipeline,
      async *generate(_picture, settings, options): AsyncGenerator<PipelineProgress, ImageToVideoResult> {
        asked.push(`seed ${settings.seed}${options?.isVariation ? '' : ', whole'}`);
        yield { stage: 'prepare', step: 1, steps: 1, secondsPerStep: 1 };
        yield { stage: 'encode-image', step: 2, steps: 2, secondsPerStep: 1 };
        for (let step = 0; step <= 2; step++) {
          if (step > 0) await options?.checkpoints?.hand(Buffer.from(`${settings.seed} after ${step}`));
          yield { stage: 'denoise', step, steps: 2, secondsPerStep: step === 0 ? undefined : 3 };
        }
        const frames = Array.from({ length: 4 }, () => new Uint8Array(8 * 4 * 3).fill(settings.seed * 20));
        const secondsPerStage = { prepare: 1, 'encode-image': 2, denoise: 6, decode: 0 };
        const state = Buffer.from(`state of ${settings.seed}`);
        return { width: 8, height: 4, frames, settings, provider: 'cpu', secondsPerStage, state };
      },
    },
  };
  return { tools, sheets, asked, calls: base.calls };
}

describe('variations', () => {
  it('are begun from one seed on, shown side by side in one animated WebP, and keep how far each has come', async () => {
    const { tools, sheets, asked, calls } = setUp();
    const clip = await makeClip(tools, { ...spec, maxBytes: 5_000_000 });
    expect(asked).toEqual(['seed 5', 'seed 6', 'seed 7']);
    const encoded = calls.filter((call) => call.startsWith('encode')).map((call) => JSON.parse(call.slice(7)));
    expect(encoded).toMatchObject([{ format: 'webp', loop: 'none', fps: 7, count: 4, maxBytes: 2 * 1024 * 1024 }]);
    expect(encoded[0].metadata.settings).toMatchObject({ seed: 5, variations: 3 });
    // What is done to the picked clip alone.
    expect(encoded[0]).not.toHaveProperty('toFps');
    expect(calls.some((call) => call.startsWith('upscale'))).toBe(false);
    expect(clip).toMatchObject({ form: { variations: 3, format: 'webp' }, settings: { seed: 5 }, upscaleFactor: 1 });
    expect(clip.secondsPerStage).toMatchObject({ 'encode-image': 6, denoise: 18, decode: 0 });
    for (const [index, seed] of [5, 6, 7].entries()) {
      expect(String(stateOf(clip.master!, index + 1))).toBe(`state of ${seed}`);
    }
    expect(stateOf(clip.master!, 4)).toBeUndefined();
    // Two tiles in a row, of the picture's own ratio: in the middle of each its own colour.
    const [sheet] = sheets;
    expect(sheet).toMatchObject({ width: 2 * 256 + 3 * 4, height: 2 * 144 + 3 * 4 });
    const at = (x: number, y: number) => sheet!.frames[3]![(y * sheet!.width + x) * 3];
    expect([at(132, 76), at(392, 76), at(132, 224)]).toEqual([100, 120, 140]);
  });

  it('tell their progress as one clip', async () => {
    const news: RenderProgress[] = [];
    await makeClip(setUp().tools, spec, { onProgress: (progress) => void news.push(progress) });
    const denoising = news.filter(({ stage }) => stage === 'denoise');
    expect(new Set(denoising.map(({ steps }) => steps))).toEqual(new Set([6]));
    expect([...new Set(denoising.map(({ step }) => step))]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(denoising.at(-1)?.secondsPerStep).toBe(3);
    const stages = [...new Set(news.map(({ stage }) => stage))];
    expect(stages).toEqual(['prepare', 'encode-image', 'denoise', 'encode-video']);
  });

  it('that were broken off are not begun again: those that were there stay', async () => {
    const kept: Uint8Array[] = [];
    const checkpoints = { everySeconds: 0, hand: async (bytes: Uint8Array) => void kept.push(bytes) };
    const whole = await makeClip(setUp().tools, spec, { checkpoints });
    const words = kept
      .map((bytes) => readStates(bytes, noLog)!)
      .map(({ shown, running }) => `${shown.length} ${running ?? ''}`);
    expect(words).toEqual([
      ...['0 5 after 1', '0 5 after 2', '1 ', '1 6 after 1', '1 6 after 2', '2 '],
      ...['2 7 after 1', '2 7 after 2', '3 '],
    ]);
    const { tools, asked } = setUp();
    const resumed = await makeClip(tools, { ...spec, checkpoint: kept[4]! });
    expect(asked).toEqual(['seed 6', 'seed 7']);
    expect(resumed.master).toEqual(whole.master);
    const last = setUp();
    await makeClip(last.tools, { ...spec, checkpoint: kept.at(-1)! });
    expect(last.asked).toEqual([]);
  });

  it('that cannot be read start over, with a line in the log', async () => {
    const { tools, asked } = setUp();
    const logged: string[] = [];
    await makeClip(
      tools,
      { ...spec, checkpoint: Buffer.from('nothing of ours') },
      { log: (line) => logged.push(line) },
    );
    expect(asked).toHaveLength(3);
    expect(logged).toEqual([expect.stringContaining('Variations cannot be read')]);
  });

  /** A classifier that refuses what is of these greys. */
  function refusing(greys: readonly number[]) {
    const rated: number[] = [];
    const rate = async ({ data }: { data: Uint8Array }) => {
      rated.push(data[0]!);
      return greys.includes(data[0]!) ? 1 : 0;
    };
    return { rated, safety: { threshold: 0.5, check: { rate }, modelDir: 'none' } };
  }

  it('are all looked at by the classifier before any is shown: one that it refuses is a grey tile, the others stay', async () => {
    const { tools, sheets } = setUp();
    const { rated, safety } = refusing([120]);
    const clip = await makeClip({ ...tools, safety }, spec);
    expect(new Set(rated)).toEqual(new Set([0, 100, 120, 140]));
    expect(clip.refusedVariations).toEqual([2]);
    expect([1, 2, 3].map((number) => stateOf(clip.master!, number) && 'kept')).toEqual(['kept', undefined, 'kept']);
    const [sheet] = sheets;
    for (const frame of sheet!.frames) expect(frame.includes(120)).toBe(false);
    const at = (x: number, y: number) => sheet!.frames[3]![(y * sheet!.width + x) * 3];
    expect([at(132, 76), at(392, 76), at(132, 224)]).toEqual([100, 90, 140]);
  });

  it('that were broken off still know which one was refused', async () => {
    const { safety } = refusing([100]);
    const kept: Uint8Array[] = [];
    const checkpoints = { everySeconds: 0, hand: async (bytes: Uint8Array) => void kept.push(bytes) };
    await makeClip({ ...setUp().tools, safety }, spec, { checkpoints });
    const { tools, asked } = setUp();
    const resumed = await makeClip({ ...tools, safety }, { ...spec, checkpoint: kept.at(-1)! });
    expect([asked, resumed.refusedVariations]).toEqual([[], [1]]);
  });

  it('none of which may be shown are refused', async () => {
    const { tools, sheets } = setUp();
    const refused = makeClip({ ...tools, ...refusing([100, 120, 140]) }, spec);
    await expect(refused).rejects.toMatchObject({ code: 'clip-unsafe' });
    await expect(refused).rejects.toBeInstanceOf(UserError);
    expect(sheets).toEqual([]);
  });

  it('of a model that is turned by the seed lie as the picture does', async () => {
    const { tools, sheets, asked } = setUp();
    const info = { ...fakeInfo, orientsBySeed: true };
    await makeClip({ ...tools, pipeline: { ...tools.pipeline, info } }, { ...spec, form: { variations: 2 } });
    expect(asked).toHaveLength(2);
    expect(sheets[0]!.width).toBeGreaterThan(sheets[0]!.height);
  });
});
