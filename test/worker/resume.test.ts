import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Clip, RenderOptions, RenderSpec } from '../../src/worker/types.ts';
import { stateOf } from '../../src/worker/variation-states.ts';
import { createWorkerPool } from '../../src/worker/worker-pool.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const spec: RenderSpec = {
  picture: await sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } })
    .png()
    .toBuffer(),
  settings: { width: 32, height: 32, numFrames: 2, numInferenceSteps: 6, sampler: 'euler-ancestral' },
  fit: 'crop',
  keepMaster: true,
};

/**
 * The real renderer over a tiny model, which hands over the state after every step. Its process is killed once, in the middle
 * of a render, before all tests: what they go on from is another process's.
 */
const renderer = createWorkerPool({
  modelDir: inject('tinyModel'),
  execution: { provider: 'cpu', threads: 1, memoryMode: 'resident' },
  idleSeconds: 600,
  environment: process.env,
  log: quiet,
  checkpointSeconds: 1e-6,
});
afterAll(() => renderer.close());

/**
 * A render whose process is killed when the state after `step` is there: gives that state. Where the process is done before
 * this one has read that, once more.
 */
async function brokenOff(wanted: RenderSpec, step: number): Promise<Uint8Array> {
  let last: Uint8Array | undefined;
  let count = 0;
  const onCheckpoint = (bytes: Uint8Array) => {
    if (++count > step) return;
    last = bytes;
    if (count === step) renderer.killProcess();
  };
  const outcome = await renderer.render(wanted, { onCheckpoint }).catch((error: unknown) => error);
  if (!(outcome instanceof Error) || count < step) return brokenOff(wanted, step);
  expect(outcome).toMatchObject({ code: 'render-process-died' });
  return last!;
}

/** A whole render, and the state after `step` that it handed over. */
async function kept(wanted: RenderSpec, step: number): Promise<{ clip: Clip; checkpoint: Uint8Array }> {
  const states: Uint8Array[] = [];
  const clip = await renderer.render(wanted, { onCheckpoint: (bytes) => states.push(bytes) });
  return { clip, checkpoint: states[step - 1]! };
}

let checkpoint: Uint8Array;
let extended: RenderSpec;
let extension: Awaited<ReturnType<typeof kept>>;
let sheet: Awaited<ReturnType<typeof kept>>;

const variations: RenderSpec = {
  ...spec,
  settings: { ...spec.settings, seed: 4_294_967_295 },
  form: { variations: 2, loop: 'ping-pong' },
};

beforeAll(async () => {
  const base = await renderer.render({ ...spec, settings: { ...spec.settings, seed: 1 } });
  const { settings, model, provider } = base;
  extended = {
    ...spec,
    settings: { ...spec.settings, seed: 2 },
    base: { master: base.master!, use: 'extend', metadata: { settings, model, provider } },
  };
  extension = await kept(extended, 3);
  // After the first one's two steps that are handed over comes the whole of it, and then the second one's first.
  sheet = await kept(variations, 4);
  checkpoint = await brokenOff(spec, 4);
});

/** What two clips of the same frames have in common: all but the times. */
function withoutTimes({ secondsPerStage: _, ...clip }: Clip) {
  return clip;
}

async function stepsOf(render: (options: RenderOptions) => Promise<Clip>): Promise<{ clip: Clip; steps: string[] }> {
  const steps: string[] = [];
  const clip = await render({ onProgress: ({ stage, step, steps: of }) => steps.push(`${stage} ${step}/${of}`) });
  return { clip, steps };
}

describe('a render whose process was killed', () => {
  it('goes on where it was: the same clip, byte for byte, of the seed that was drawn', async () => {
    const { clip, steps } = await stepsOf((options) => renderer.render({ ...spec, checkpoint }, options));
    expect(steps.filter((step) => step.startsWith('denoise'))).toEqual(['denoise 4/6', 'denoise 5/6', 'denoise 6/6']);
    const { seed } = clip.settings;
    const whole = await renderer.render({ ...spec, settings: { ...spec.settings, seed } });
    expect(withoutTimes(clip)).toEqual(withoutTimes(whole));
  });

  it('goes on where it was when it extends another clip', async () => {
    const { clip: whole, checkpoint } = extension;
    const { clip, steps } = await stepsOf((options) => renderer.render({ ...extended, checkpoint }, options));
    expect(steps).toContain('denoise 3/6');
    expect(steps).not.toContain('denoise 2/6');
    expect(clip.frames).toBe(3);
    expect(withoutTimes(clip)).toEqual(withoutTimes(whole));
    // Of another base clip's last frame it is passed over.
    const { steps: over } = await stepsOf((options) =>
      renderer.render({ ...spec, settings: { ...spec.settings, seed: 2 }, checkpoint }, options),
    );
    expect(over).toContain('denoise 0/6');
  });
});

describe('variations', () => {
  it('whose process was killed go on where they were; what is picked is, byte for byte, the clip of its seed alone', async () => {
    const { checkpoint } = sheet;
    const { clip, steps } = await stepsOf((options) => renderer.render({ ...variations, checkpoint }, options));
    expect(steps.filter((step) => step.startsWith('denoise')).slice(-2)).toEqual(['denoise 5/6', 'denoise 6/6']);
    expect(steps).not.toContain('denoise 2/6');
    expect(clip.form).toMatchObject({ format: 'webp', variations: 2 });
    expect(await sharp(clip.bytes).metadata()).toMatchObject({ format: 'webp' });

    const { variations: _, ...form } = variations.form!;
    // The seed after the largest.
    const alone: RenderSpec = { ...variations, form, settings: { ...variations.settings, seed: 0 } };
    const state = stateOf(clip.master!, 2)!;
    const picked = await stepsOf((options) => renderer.render({ ...alone, checkpoint: state }, options));
    expect(picked.steps.filter((step) => step.startsWith('denoise'))[0]).toBe('denoise 3/6');
    expect(withoutTimes(picked.clip)).toEqual(withoutTimes(await renderer.render(alone)));
  });
});
