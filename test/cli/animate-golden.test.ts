import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/cli/animate.ts';
import type { ImageToVideoSettings } from '../../src/inference/pipeline/types.ts';
import { imageToVideo } from '../../src/settings/image-to-video.ts';
import type { WorkerPoolOptions } from '../../src/worker/worker-pool.ts';
import { flatPicture } from '../media/pictures.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { expectSameFrames } from '../support/clip-frames.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { goldenPath, openGolden } from '../support/golden.ts';
import { keepRenderers, keptEnvironment } from '../support/kept-renderers.ts';
import { scriptedAnimate } from '../support/scripted-animate.ts';
import { tempFolder } from '../support/temp-folder.ts';

const { runCli } = keepRenderers();
const golden = await openGolden('two-pictures');

interface RecordedCase extends ImageToVideoSettings {
  model: string;
  end: 'same' | 'other';
}

async function animate(model: string, words: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const environment = { ...keptEnvironment, MODEL_DIR: goldenPath(`models/${model}`), ...variables };
  const io = createMemoryIo({ environment });
  const exitCode = await runCli(['animate', ...words], io);
  return { exitCode, out: io.out(), err: io.err() };
}

async function framesIn(folder: string): Promise<Uint8Array[]> {
  const names = readdirSync(folder).sort();
  return Promise.all(
    names.map((name) =>
      sharp(readFileSync(join(folder, name)))
        .raw()
        .toBuffer(),
    ),
  );
}

/** The pictures of a case as files, and the words that ask for its clip. */
async function caseOf(name: string) {
  const recorded = golden.manifest.cases?.[name] as unknown as RecordedCase;
  const { model, end, ...settings } = recorded;
  const { width, height } = settings;
  const folder = tempFolder();
  for (const picture of ['start', 'end']) {
    const data = golden.tensor(`${name}/${picture}`).data as Uint8Array;
    const raw = { width, height, channels: 3 as const };
    await sharp(data, { raw })
      .png()
      .toFile(join(folder, `${picture}.png`));
  }
  const typed = Object.entries(settings).flatMap(([setting, value]) => {
    const { option } = imageToVideo[setting as keyof ImageToVideoSettings];
    return [`--${option.name}`, String(value)];
  });
  const places = ['--output', join(folder, 'clip.mp4'), '--frames-dir', join(folder, 'frames'), '--json'];
  const words = [join(folder, 'start.png'), ...typed, ...places];
  return { model, end, settings, folder, words, frames: golden.tensor(`${name}/frames`).data as Uint8Array };
}

describe('kinora animate --end', () => {
  it('makes the frames of diffusers’ modules, from both pictures’ files, and writes all of them on their way beside the clip', async () => {
    const { model, folder, words, frames } = await caseOf('guidance');
    const before = readdirSync(folder);
    const preview = join(folder, 'p.webp');
    // The first clip of its process, whose networks take longer to load than a preview takes to be drawn.
    expect(await animate(model, [...words, '--end', join(folder, 'end.png'), '--preview', preview])).toMatchObject({
      exitCode: 0,
      err: expect.stringContaining('Denoising 0/8'),
    });
    expectSameFrames(await framesIn(join(folder, 'frames')), frames);
    const { width, pages, format } = await sharp(readFileSync(preview), { animated: true }).metadata();
    expect({ width, pages, format }).toEqual({ width: 160, pages: 3, format: 'webp' });
    expect(readdirSync(folder).sort()).toEqual([...before, 'clip.mp4', 'frames', 'p.webp'].sort());
  });

  it('with --loop seamless takes the picture itself, and the file does not show it twice in a row', async () => {
    const { model, settings, folder, words, frames } = await caseOf('seamless');
    const { exitCode, out } = await animate(model, [...words, '--loop', 'seamless']);
    expect(exitCode).toBe(0);
    expectSameFrames(await framesIn(join(folder, 'frames')), frames);
    expect(JSON.parse(out)).toMatchObject({ frames: settings.numFrames - 1, form: { loop: 'seamless' } });
  });

  it('brings a last picture of another shape to the first one’s, cropped and not stretched', async () => {
    const { model, folder, words, settings, frames } = await caseOf('guidance');
    const { width, height } = settings;
    const data = golden.tensor('guidance/end').data as Uint8Array;
    // What is added above and below is cut off again.
    await sharp(data, { raw: { width, height, channels: 3 } })
      .extend({ top: 16, bottom: 16, background: 'red' })
      .png()
      .toFile(join(folder, 'tall.png'));
    expect(await animate(model, [...words, '--end', join(folder, 'tall.png')])).toMatchObject({ exitCode: 0 });
    expectSameFrames(await framesIn(join(folder, 'frames')), frames);
  });

  it('samples in its own way whatever preset is chosen, and refuses another sampler that was asked for', async () => {
    const folder = tempFolder();
    const grey = join(folder, 'grey.png');
    writeFileSync(grey, await flatPicture(64, 48, 'grey').png().toBuffer());
    const quick = [
      '--steps',
      '1',
      '--frames',
      '2',
      '--width',
      '32',
      '--height',
      '32',
      '--output',
      join(folder, 'a.mp4'),
    ];
    const made = await animate('tiny-a', [grey, '--end', grey, '--preset', 'animate-lcm', ...quick, '--json']);
    expect(JSON.parse(made.out)).toMatchObject({ settings: { sampler: 'euler', schedule: 'model' } });
    expect(await animate('tiny-a', [grey, '--end', grey, '--sampler', 'animate-lcm', ...quick])).toMatchObject({
      exitCode: 2,
      err: 'kinora: --sampler must be euler for a clip that ends with a given picture, not animate-lcm.\n',
    });
    const inspected = createMemoryIo();
    expect(await runCli(['inspect', join(folder, 'a.mp4')], inspected)).toBe(0);
    expect(inspected.out()).toMatch(/kinora animate picture\.png --end end\.png --motion 127 /);
  });

  it('that is missing or no picture is told before anything is made', async () => {
    const folder = tempFolder();
    const grey = join(folder, 'grey.png');
    writeFileSync(grey, await flatPicture(64, 48, 'grey').png().toBuffer());
    writeFileSync(join(folder, 'text.png'), 'no picture');
    for (const [end, message] of [
      ['gone.png', /gone\.png/],
      ['text.png', /is not a picture|no picture/i],
    ] as const) {
      const output = join(folder, `${end}.mp4`);
      const told = await animate('tiny-a', [grey, '--end', join(folder, end), '--output', output]);
      expect(told.exitCode).toBe(1);
      expect(told.err).toMatch(message);
      expect(readdirSync(folder)).not.toContain(`${end}.mp4`);
    }
    expect((await animate('tiny-a', ['-', '--end', '-'])).exitCode).toBe(2);
  });
});

describe('kinora animate of a photo', () => {
  it("a photo of another size gives diffusers' frames, from the command line to the PNG files", async () => {
    const photos = await openGolden('pictures/frames');
    const folder = tempFolder();
    const framesDir = join(folder, 'frames');
    const words = ['--width', '24', '--height', '16', '--frames', '2', '--steps', '2', '--seed', '11'];
    const how = [
      '--fit',
      'stretch',
      '--schedule',
      'model',
      '--frames-dir',
      framesDir,
      '--output',
      join(folder, 'a.mp4'),
    ];
    const photo = goldenPath('pictures/photo.jpg');
    expect(await animate('tiny-a', [photo, ...words, ...how])).toMatchObject({ exitCode: 0 });
    const frames = await framesIn(framesDir);
    const [actual, expected] = [Buffer.concat(frames), photos.tensor('photo.jpg').data];
    expect(actual.length).toBe(expected.length);
    const off = actual.filter((value, at) => Math.abs(value - expected[at]!) > 1).length;
    expect(off / actual.length).toBeLessThanOrEqual(0.001);
  });
});

describe('kinora animate with LoRAs', () => {
  const lora = (name: string) => goldenPath(`loras/${name}.safetensors`);

  it('adds LoRAs and names them in the clip', async () => {
    const folder = tempFolder();
    const output = join(folder, 'a.mp4');
    const small = ['--width', '24', '--height', '16', '--frames', '2', '--steps', '2', '--seed', '7', '--json'];
    const words = [goldenPath('pictures/photo.jpg'), ...small, '--output', output, '--frames-dir'];
    expect(await animate('tiny-a', [...words, join(folder, 'without')])).toMatchObject({ exitCode: 0 });
    const LORAS = `${lora('kohya')}:0.5`;
    const { out } = await animate('tiny-a', [...words, join(folder, 'with')], { LORAS });
    expect(JSON.parse(out)).toMatchObject({ model: 'tiny-a + kohya:0.5' });
    const { tags } = await ffprobe(readFileSync(output));
    expect(JSON.parse(tags.comment ?? '')).toMatchObject({ model: 'tiny-a + kohya:0.5' });
    expect(await framesIn(join(folder, 'with'))).not.toEqual(await framesIn(join(folder, 'without')));
  });

  it('takes those that are asked for before those that are configured', async () => {
    const environment = { ...keptEnvironment, MODEL_DIR: goldenPath('models/tiny-a'), LORAS: lora('kohya') };
    const given: WorkerPoolOptions['loras'][] = [];
    const words = [goldenPath('pictures/photo.jpg'), '--output', join(tempFolder(), 'a.mp4')];
    for (const more of [[], ['--lora', `${lora('peft')}:0.25`]]) {
      const tools = scriptedAnimate(({ loras }) => void given.push(loras));
      expect(await run([...words, ...more], createMemoryIo({ environment }), tools)).toBe(0);
    }
    expect(given).toEqual([[{ file: lora('kohya'), scale: 1 }], [{ file: lora('peft'), scale: 0.25 }]]);
  });
});
