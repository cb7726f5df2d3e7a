import { describe, expect, it } from 'vitest';
import { EncodeError, JobCancelledError, UserError } from '../../src/errors.ts';
import { encodeCheckpoint } from '../../src/inference/pipeline/checkpoint.ts';
import type { FrameInterpolator } from '../../src/inference/pipeline/interpolate-frames.ts';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import { makeClip } from '../../src/worker/make-clip.ts';
import type { RenderSpec } from '../../src/worker/types.ts';
import { fakeInfo, fakeTools, scripted } from './fixtures/fake-tools.ts';

const spec: RenderSpec = { picture: scripted({}), settings: { seed: 5 }, fit: 'pad' };

/** A state after the second step of a run of that seed. */
function checkpointOf(seed: number): Uint8Array {
  const none = new Float32Array(1);
  return encodeCheckpoint({
    seed,
    step: 2,
    latents: none,
    conditions: [{ imageEmbeds: none, imageLatents: none }],
    fingerprint: { version: '', model: '', settings: '', picture: '', execution: '' },
    generator: torchGenerator(seed).state(),
    seconds: { prepare: 0, 'encode-image': 0, denoise: 0, decode: 0 },
  });
}

describe('makeClip', () => {
  it("renders with the model's defaults and says what was done", async () => {
    const tools = fakeTools();
    const clip = await makeClip(tools, spec);
    expect(clip.settings).toEqual({ ...fakeInfo.defaults, seed: 5 });
    expect(clip.secondsPerStage).toMatchObject({ 'encode-image': 2, denoise: 3, decode: 4 });
    expect(clip.secondsPerStage.prepare).toBeGreaterThan(1);
    const { metadata } = JSON.parse(tools.calls.at(-1)?.replace('encode ', '') ?? '');
    expect(metadata.title).toBe('Kinora, seed 5');
    expect(metadata.settings).toEqual({
      model: 'fake',
      ...clip.settings,
      fit: 'pad',
      format: 'mp4',
      loop: 'none',
      smooth: false,
      provider: 'cpu',
    });
  });

  it('has frames in between computed once, tells of each as a step, and keeps the master without them', async () => {
    const tools = fakeTools();
    const steps: number[][] = [];
    const interpolator: FrameInterpolator = {
      maxPixels: 1e6,
      async interpolate(clip, { onFrame }) {
        tools.calls.push('interpolate');
        const frames = clip.frames.flatMap((frame, at) => (at === 0 ? [frame] : [frame, frame, frame]));
        for (const done of [2, 3]) onFrame?.(done, frames.length);
        return { ...clip, frames };
      },
    };
    const made = await makeClip(
      { ...tools, interpolator },
      { ...spec, form: { interpolate: 3, loop: 'ping-pong' }, keepMaster: true },
      { onProgress: ({ stage, step, steps: all }) => void (stage === 'encode-video' && steps.push([step, all])) },
    );
    expect(made).toMatchObject({ interpolator: 'rife', fps: 21, frames: 10 });
    expect(steps).toEqual([
      [0, 1],
      [2, 11],
      [3, 11],
      [11, 11],
    ]);
    expect(tools.calls.filter((call) => call === 'interpolate')).toHaveLength(1);
    const [file, master] = tools.calls
      .filter((call) => call.startsWith('encode'))
      .map((call) => JSON.parse(call.slice(7)));
    expect(file).toMatchObject({
      fps: 21,
      count: 10,
      metadata: { settings: { interpolate: 3, interpolator: 'rife' } },
    });
    expect(file).not.toHaveProperty('toFps');
    expect(master).toMatchObject({ fps: 7, count: 4 });
  });

  it('leaves them to ffmpeg where there is no network, and names it', async () => {
    const tools = fakeTools();
    const made = await makeClip(tools, { ...spec, form: { smooth: true } });
    expect(made.interpolator).toBe('minterpolate');
    const file = JSON.parse(tools.calls.at(-1)?.slice(7) ?? '');
    expect(file).toMatchObject({ fps: 7, toFps: 24, metadata: { settings: { interpolator: 'minterpolate' } } });
  });

  it('brings a last picture of the same shape to the size as the first one, and another as was asked for', async () => {
    const wide = scripted({ picture: { width: 160, height: 90 } });
    const form = { shape: 'auto' as const };
    const fitsOf = async (endPicture: Uint8Array) => {
      const tools = fakeTools();
      const clip = await makeClip(tools, { ...spec, picture: wide, endPicture, form, fit: 'crop' });
      expect(clip.hasEndPicture).toBe(true);
      return tools.calls.filter((call) => call.startsWith('pictureForClip')).map((call) => call.split(' ').at(-1));
    };
    expect(await fitsOf(scripted({ picture: { width: 320, height: 180 } }))).toEqual(['stretch', 'stretch']);
    expect(await fitsOf(scripted({ picture: { width: 90, height: 160 } }))).toEqual(['stretch', 'crop']);
  });

  it('draws a seed where none is given', async () => {
    const seeds = new Set<number>();
    for (let run = 0; run < 4; run++) seeds.add((await makeClip(fakeTools(), { ...spec, settings: {} })).settings.seed);
    expect(seeds.size).toBeGreaterThan(1);
    for (const seed of seeds) expect(seed).toBeGreaterThanOrEqual(0);
  });

  it('goes on from a checkpoint with the seed that was drawn then, but for one that was asked for', async () => {
    const tools = fakeTools();
    const clip = await makeClip(tools, { ...spec, settings: {}, checkpoint: checkpointOf(77) });
    expect(clip.settings.seed).toBe(77);
    expect(tools.calls).toContain('generate seed 77, after step 2');
    const other = await makeClip(fakeTools(), { ...spec, checkpoint: checkpointOf(77) });
    expect(other.settings.seed).toBe(5);
  });

  it('starts over where a checkpoint cannot be read', async () => {
    const tools = fakeTools();
    const logged: string[] = [];
    const broken = { ...spec, checkpoint: new Uint8Array(9) };
    await makeClip(tools, broken, { log: (message) => logged.push(message) });
    expect(tools.calls).toContain('generate seed 5');
    expect(logged).toEqual([expect.stringContaining('the clip starts over')]);
  });

  it.each([
    [
      { width: 64, height: 48 },
      { upscaleFactor: 6, width: 384, height: 288 },
    ],
    [
      { width: 128, height: 128 },
      { upscaleFactor: 2, width: 256, height: 256 },
    ],
    [
      { width: 512, height: 256 },
      { upscaleFactor: 1, width: 512, height: 256 },
    ],
  ])('enlarges %o by a whole factor until its short side has 256 pixels', async (settings, file) => {
    const clip = await makeClip(fakeTools(), { ...spec, settings });
    expect(clip).toMatchObject(file);
    expect(clip.settings).toMatchObject(settings);
  });

  it('makes kept frames larger by a network, frame by frame, with its own progress', async () => {
    const tools = fakeTools();
    const settings = { ...fakeInfo.defaults, width: 320, height: 256, seed: 8 };
    const base = {
      master: new Uint8Array([3]),
      use: 'reencode',
      metadata: { settings, model: 'older', provider: 'cuda' },
    } as const;
    const news: string[] = [];
    const clip = await makeClip(
      tools,
      { ...spec, base, form: { upscale: '2', upscaler: 'drawing' }, keepMaster: true },
      { onProgress: ({ stage, step, steps }) => stage === 'upscale' && news.push(`${step}/${steps}`) },
    );
    expect(clip).toMatchObject({
      upscaleFactor: 2,
      width: 640,
      height: 512,
      form: { upscale: '2', upscaler: 'drawing' },
    });
    expect(clip.secondsPerStage).toMatchObject({ denoise: 0, upscale: expect.any(Number) });
    expect(tools.calls[0]).toBe('upscale 320x256 by 2, drawing');
    expect(tools.calls[1]).toContain('"upscale":"2"');
    expect(news).toEqual(['0/3', '1/3', '2/3', '3/3']);
  });

  it('enlarges what is shown otherwise: a small model’s clip becomes twice as large as without', async () => {
    const settings = { width: 128, height: 160 };
    const plain = await makeClip(fakeTools(), { ...spec, settings });
    const tools = fakeTools();
    const larger = await makeClip(tools, { ...spec, settings, form: { upscale: '2' } });
    expect([larger.width, larger.height]).toEqual([plain.width * 2, plain.height * 2]);
    expect(tools.calls).toContain('upscale 128x160 by 4, photo');
  });

  it('stops between frames that are made larger where it is cancelled', async () => {
    const tools = fakeTools();
    const abort = new AbortController();
    const running = makeClip(
      tools,
      { ...spec, form: { upscale: '2' } },
      {
        signal: abort.signal,
        onProgress: ({ stage, step }) => stage === 'upscale' && step === 2 && abort.abort(new JobCancelledError()),
      },
    );
    await expect(running).rejects.toBeInstanceOf(JobCancelledError);
    expect(tools.calls.some((call) => call.startsWith('encode'))).toBe(false);
  });

  it('writes the frames before encoding where a folder is given', async () => {
    const tools = fakeTools();
    await makeClip(tools, { ...spec, framesDir: '/frames' });
    expect(tools.calls.map((call) => call.split(' ')[0])).toEqual([
      'pictureForClip',
      'generate',
      'generator',
      'frames',
      'encode',
    ]);
  });

  it('passes the byte limit on and tells what gave way', async () => {
    const clip = await makeClip(fakeTools(), { ...spec, maxBytes: 1000 });
    expect(clip.reduced).toEqual({ crf: 30, width: 384, height: 288 });
  });

  it('throws into the generator when it is cancelled, so that it can clean up', async () => {
    const tools = fakeTools();
    const stop = new AbortController();
    const done = makeClip(tools, spec, {
      signal: stop.signal,
      onProgress: ({ stage }) => stage === 'denoise' && stop.abort(),
    });
    await expect(done).rejects.toThrow(JobCancelledError);
    expect(tools.calls).toEqual(['pictureForClip 64x48 pad', 'generate seed 5', 'generator closed']);
  });

  it.each([
    ['prepare 0', []],
    ['encode-image 0', ['pictureForClip', 'generate', 'generator']],
    ['denoise 1', ['pictureForClip', 'generate', 'generator']],
    ['decode 1', ['pictureForClip', 'generate', 'generator']],
    ['encode-video 0', ['pictureForClip', 'generate', 'generator', 'frames']],
  ])('cancelled at %s begins nothing that comes after', async (at, calls) => {
    const tools = fakeTools();
    const stop = new AbortController();
    const done = makeClip(
      tools,
      { ...spec, framesDir: '/frames', keepMaster: true },
      {
        signal: stop.signal,
        onProgress: ({ stage, step }) => `${stage} ${step}` === at && stop.abort(),
      },
    );
    await expect(done).rejects.toThrow(JobCancelledError);
    expect(tools.calls.map((call) => call.split(' ')[0])).toEqual(calls);
  });

  it('cancelled while it checks the frames looks at no further one', async () => {
    const stop = new AbortController();
    let looks = 0;
    const check = {
      async rate() {
        if (++looks === 3) stop.abort();
        return 0;
      },
    };
    const tools = { ...fakeTools(), safety: { check, threshold: 0.5, modelDir: 'none' } };
    await expect(makeClip(tools, spec, { signal: stop.signal })).rejects.toThrow(JobCancelledError);
    expect(looks).toBe(3);
  });

  it('loops as the model proposes where nothing is chosen', async () => {
    const tools = fakeTools();
    tools.pipeline = { ...tools.pipeline, info: { ...fakeInfo, loop: 'ping-pong' } };
    expect((await makeClip(tools, spec)).form.loop).toBe('ping-pong');
    expect((await makeClip(tools, { ...spec, form: { loop: 'none' } })).form.loop).toBe('none');
    // A clip between two pictures ends as the second one.
    expect((await makeClip(tools, { ...spec, endPicture: spec.picture })).form.loop).toBe('none');
  });

  it('refuses settings before it touches the picture', async () => {
    const tools = { ...fakeTools(), pictureForClip: () => Promise.reject(new Error('touched')) };
    await expect(makeClip(tools, { ...spec, settings: { fps: 0 } })).rejects.toThrow(UserError);
  });

  it.each([
    ['mp4', { crf: 30 }],
    ['gif', { colours: 64 }],
    ['webp', { quality: 50 }],
  ] as const)('says in the words of %s what gave way', async (format, level) => {
    const clip = await makeClip(fakeTools(), { ...spec, maxBytes: 1000, form: { format } });
    expect(clip.reduced).toEqual({ ...level, width: 384, height: 288 });
    expect(clip.form).toEqual({ format, loop: 'none', smooth: false });
  });

  it("renders the picture's own shape whole, and gives the clip its exact ratio", async () => {
    const tools = fakeTools();
    const picture = scripted({ picture: { width: 900, height: 1210 } });
    const clip = await makeClip(tools, { ...spec, picture, form: { shape: 'auto' } });
    const { width, height } = clip.settings;
    expect(tools.calls[0]).toBe(`pictureForClip ${width}x${height} stretch`);
    expect(width * height).toBeGreaterThan(64 * 48 * 0.8);
    expect(width * height).toBeLessThan(64 * 48 * 1.2);
    expect(clip.width / clip.height).toBeCloseTo(900 / 1210, 2);
  });

  it('draws pictures in a style before they are animated, each once, and no frames that are kept', async () => {
    const style = 'ink@0123456789abcdef';
    const tools = fakeTools();
    const seen: number[] = [];
    const { generate } = tools.pipeline;
    tools.pipeline = {
      ...tools.pipeline,
      generate(picture, settings, options) {
        seen.push(picture.data[0]!, options?.endPicture?.data[0] ?? -1);
        return generate(picture, settings, options);
      },
    };
    const drawn: string[] = [];
    tools.applyStyle = async (picture, { style: name, clip: { width, height } }) => {
      drawn.push(`${name} ${width}x${height}`);
      return { ...picture, data: picture.data.map(() => 77) };
    };
    const clip = await makeClip(tools, { ...spec, form: { style } });
    expect(clip.form.style).toBe(style);
    expect(tools.calls.at(-1)).toContain(`"style":"${style}"`);
    await makeClip(tools, { ...spec, form: { style, loop: 'seamless' } });
    await makeClip(tools, { ...spec, endPicture: scripted({}), form: { style } });
    await makeClip(tools, spec);
    expect(seen).toEqual([77, -1, 77, 77, 77, 77, 0, -1]);
    expect(drawn).toEqual(Array.from({ length: 4 }, () => `${style} 64x48`));
    const metadata = { settings: { ...fakeInfo.defaults, seed: 1 }, model: 'fake', provider: 'cpu' } as const;
    const master = new Uint8Array([6]);
    for (const use of ['extend', 'reencode'] as const) {
      const made = await makeClip(tools, { ...spec, base: { master, use, metadata }, form: { style } });
      expect(made.form.style).toBe(style);
    }
    expect(drawn).toHaveLength(4);
  });

  it('refuses a style where there are none', async () => {
    await expect(makeClip(fakeTools(), { ...spec, form: { style: 'ink' } })).rejects.toMatchObject({
      code: 'style-unknown',
    });
  });

  it('goes on from the last frame of a clip, and joins the two', async () => {
    const tools = fakeTools();
    const metadata = { settings: { ...fakeInfo.defaults, seed: 1 }, model: 'fake', provider: 'cpu' } as const;
    const base = { master: new Uint8Array([6]), use: 'extend', metadata } as const;
    const clip = await makeClip(tools, { ...spec, base, keepMaster: true });
    expect(clip.frames).toBe(6 + 4 - 1);
    expect(clip.settings.seed).toBe(5);
    expect(tools.calls[0]).toBe('generate seed 5');
    expect(clip.master).toBeDefined();
  });

  it('gives the part that is new the colours of the clip that it goes on from', async () => {
    const tools = fakeTools();
    const { generate } = tools.pipeline;
    const darkened = (frames: Uint8Array[]) => frames.map((frame) => frame.fill(5));
    tools.pipeline = {
      ...tools.pipeline,
      async *generate(picture, settings, options) {
        const result = yield* generate(picture, settings, options);
        return { ...result, frames: darkened(result.frames) };
      },
    };
    const levels: number[] = [];
    const { finishClip } = tools;
    tools.finishClip = (clip, options) => {
      levels.push(...clip.frames.map((frame) => frame[0]!));
      return finishClip(clip, options);
    };
    const metadata = { settings: { ...fakeInfo.defaults, seed: 1 }, model: 'fake', provider: 'cpu' } as const;
    const base = { master: new Uint8Array([6]), use: 'extend', metadata } as const;
    await makeClip(tools, { ...spec, base });
    // The frames that were kept are of level 9.
    expect(levels).toEqual(Array.from({ length: 6 + 4 - 1 }, () => 9));
  });

  it('shows the model the last frame as it was rendered, also where the clip goes on at another size', async () => {
    const tools = fakeTools();
    const seen: string[] = [];
    const { generate } = tools.pipeline;
    tools.pipeline = {
      ...tools.pipeline,
      generate(picture, settings, options) {
        seen.push(`${picture.width}x${picture.height}`);
        return generate(picture, settings, options);
      },
    };
    const metadata = { settings: { ...fakeInfo.defaults, seed: 1 }, model: 'fake', provider: 'cpu' } as const;
    const base = { master: new Uint8Array([6]), use: 'extend', metadata } as const;
    const clip = await makeClip(tools, { ...spec, base, settings: { width: 32, height: 48 } });
    expect(seen).toEqual(['64x48']);
    expect(clip).toMatchObject({ frames: 6 + 4 - 1, settings: { width: 32, height: 48 } });
  });

  it('gives kept frames another form without rendering', async () => {
    const tools = fakeTools();
    const metadata = { settings: { ...fakeInfo.defaults, seed: 8 }, model: 'older', provider: 'cuda' } as const;
    const base = { master: new Uint8Array([6]), use: 'reencode', metadata } as const;
    const clip = await makeClip(tools, { ...spec, base, form: { loop: 'ping-pong', smooth: true } });
    expect(clip).toMatchObject({ ...metadata, form: { loop: 'ping-pong', smooth: true }, frames: 6 });
    expect(clip.secondsPerStage.denoise).toBe(0);
    expect(tools.calls).toHaveLength(1);
  });

  it('says of a clip that goes on, and of all that is made of it, that no settings alone make it', async () => {
    const metadata = { settings: { ...fakeInfo.defaults, seed: 1 }, model: 'fake', provider: 'cpu' } as const;
    const tools = fakeTools();
    const longer = await makeClip(tools, { ...spec, base: { master: new Uint8Array([6]), use: 'extend', metadata } });
    expect(longer.extended).toBe(true);
    expect(tools.calls.at(-1)).toContain('"extended":true');
    const base = { master: new Uint8Array([9]), use: 'reencode', metadata: { ...metadata, extended: true } } as const;
    expect((await makeClip(fakeTools(), { ...spec, base })).extended).toBe(true);
    expect(await makeClip(fakeTools(), spec)).not.toHaveProperty('extended');
  });

  it('refuses to extend a clip that would not become longer, before it renders', async () => {
    const tools = fakeTools();
    tools.decodeVideo = async (_, { width, height }) => {
      const frame = new Uint8Array(width * height * 3);
      return { width, height, frames: Array.from({ length: 400 }, () => frame) };
    };
    const metadata = { settings: { ...fakeInfo.defaults, seed: 1 }, model: 'fake', provider: 'cpu' } as const;
    const base = { master: new Uint8Array([6]), use: 'extend', metadata } as const;
    await expect(makeClip(tools, { ...spec, base })).rejects.toMatchObject({
      code: 'clip-longest',
      details: { limit: 400 },
    });
    expect(tools.calls).toEqual([]);
  });
});

describe('the format of a clip', () => {
  /** Tools whose animated pictures fit only if they may be reduced, or never. */
  function largePictures(fits: 'reduced' | 'never') {
    const tools = fakeTools();
    const asked: string[] = [];
    const { finishClip } = tools;
    tools.finishClip = async (clip, options) => {
      const { format, mayReduce = true } = options;
      asked.push(`${format}${mayReduce ? '' : ', whole'}`);
      if (format !== 'mp4' && (fits === 'never' || !mayReduce)) {
        throw new EncodeError('encode-too-large', 'too large', { scope: 'job' });
      }
      return finishClip(clip, options);
    };
    return { tools, asked };
  }

  it.each([
    ['none', 'mp4'],
    ['ping-pong', 'webp'],
    ['crossfade', 'webp'],
  ] as const)('moves by itself where a loop was chosen and no format was: %s is %s', async (loop, format) => {
    const tools = fakeTools();
    const clip = await makeClip(tools, { ...spec, form: { loop, format: 'auto' } });
    expect(clip.form).toEqual({ loop, format, smooth: false });
    expect(clip).not.toHaveProperty('replacedFormat');
    // What the file says of itself makes it again.
    expect(tools.calls.at(-1)).toContain(`"loop":"${loop}","smooth":false,"format":"${format}"`);
  });

  it('stays an MP4 where the model’s clips loop anyway, since nobody chose it', async () => {
    const tools = fakeTools();
    tools.pipeline = { ...tools.pipeline, info: { ...fakeInfo, loop: 'ping-pong' } };
    const form = { loop: 'ping-pong', format: 'auto' } as const;
    expect((await makeClip(tools, { ...spec, form })).form.format).toBe('mp4');
  });

  it('that nobody chose gives way to MP4 before the clip would lose anything', async () => {
    const { tools, asked } = largePictures('reduced');
    const form = { loop: 'ping-pong', format: 'auto' } as const;
    const clip = await makeClip(tools, { ...spec, form, maxBytes: 1000 });
    expect(asked).toEqual(['webp, whole', 'mp4']);
    expect(clip).toMatchObject({ form: { format: 'mp4', loop: 'ping-pong' }, replacedFormat: 'webp' });
  });

  it('that was chosen is reduced first, and gives way only where it fits in no quality', async () => {
    const reduced = largePictures('reduced');
    const form = { loop: 'ping-pong', format: 'gif' } as const;
    const clip = await makeClip(reduced.tools, { ...spec, form, maxBytes: 1000 });
    expect(reduced.asked).toEqual(['gif']);
    expect(clip).toMatchObject({ form: { format: 'gif' }, reduced: { colours: 64 } });
    const never = largePictures('never');
    const other = await makeClip(never.tools, { ...spec, form, maxBytes: 1000 });
    expect(never.asked).toEqual(['gif', 'mp4']);
    expect(other).toMatchObject({ form: { format: 'mp4' }, replacedFormat: 'gif' });
  });
});
