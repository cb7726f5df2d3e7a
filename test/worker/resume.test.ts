import sharp from 'sharp';
import { afterAll, describe, expect, inject, it } from 'vitest';
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

/** The real renderer over a tiny model, which hands over the state after every step. Each test kills its process once. */
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
    const checkpoint = await brokenOff(spec, 4);
    const { clip, steps } = await stepsOf((options) => renderer.render({ ...spec, checkpoint }, options));
    expect(steps.filter((step) => step.startsWith('denoise'))).toEqual(['denoise 4/6', 'denoise 5/6', 'denoise 6/6']);
    const { seed } = clip.settings;
    const whole = await renderer.render({ ...spec, settings: { ...spec.settings, seed } });
    expect(withoutTimes(clip)).toEqual(withoutTimes(whole));
  });

  it('goes on where it was when it extends another clip', async () => {
    const base = await renderer.render({ ...spec, settings: { ...spec.settings, seed: 1 } });
    const { settings, model, provider } = base;
    const extended: RenderSpec = {
      ...spec,
      settings: { ...spec.settings, seed: 2 },
      base: { master: base.master!, use: 'extend', metadata: { settings, model, provider } },
    };
    const checkpoint = await brokenOff(extended, 3);
    const { clip, steps } = await stepsOf((options) => renderer.render({ ...extended, checkpoint }, options));
    expect(steps).toContain('denoise 3/6');
    expect(steps).not.toContain('denoise 2/6');
    expect(clip.frames).toBe(3);
    expect(withoutTimes(clip)).toEqual(withoutTimes(await renderer.render(extended)));
    // Of another base clip's last frame it is passed over.
    const { steps: over } = await stepsOf((options) =>
      renderer.render({ ...spec, settings: { ...spec.settings, seed: 2 }, checkpoint }, options),
    );
    expect(over).toContain('denoise 0/6');
  });
});

describe('variations', () => {
  const variations: RenderSpec = {
    ...spec,
    settings: { ...spec.settings, seed: 4_294_967_295 },
    form: { variations: 2, loop: 'ping-pong' },
  };

  it('whose process was killed go on where they were; what is picked is, byte for byte, the clip of its seed alone', async () => {
    // After the first one's two steps that are handed over comes the whole of it, and then the second one's first.
    const checkpoint = await brokenOff(variations, 4);
    const { clip: sheet, steps } = await stepsOf((options) => renderer.render({ ...variations, checkpoint }, options));
    expect(steps.filter((step) => step.startsWith('denoise')).slice(-2)).toEqual(['denoise 5/6', 'denoise 6/6']);
    expect(steps).not.toContain('denoise 2/6');
    expect(sheet.form).toMatchObject({ format: 'webp', variations: 2 });
    expect(await sharp(sheet.bytes).metadata()).toMatchObject({ format: 'webp' });

    const { variations: _, ...form } = variations.form!;
    // The seed after the largest.
    const alone: RenderSpec = { ...variations, form, settings: { ...variations.settings, seed: 0 } };
    const state = stateOf(sheet.master!, 2)!;
    const picked = await stepsOf((options) => renderer.render({ ...alone, checkpoint: state }, options));
    expect(picked.steps.filter((step) => step.startsWith('denoise'))[0]).toBe('denoise 3/6');
    expect(withoutTimes(picked.clip)).toEqual(withoutTimes(await renderer.render(alone)));
  });
});
