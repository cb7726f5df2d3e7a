import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/animate.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { JobCancelledError } from '../../src/errors.ts';
import { flatPicture, quartersPicture } from '../media/pictures.ts';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { goldenPath } from '../support/golden.ts';
import { tempFolder } from '../support/temp-folder.ts';

const tinyModel = fileURLToPath(new URL('../golden/models/tiny-a', import.meta.url));
const lora = (name: string) => goldenPath(`loras/${name}.safetensors`);
const environment = { PATH: process.env.PATH, HOME: process.env.HOME, PROVIDER: 'cpu', MODEL_DIR: tinyModel };
let png: Buffer;

beforeAll(async () => {
  png = await quartersPicture(120, 90).png().toBuffer();
});

/** A folder with the picture in it, and the words that name it and a clip beside it. */
function desk() {
  const folder = tempFolder();
  writeFileSync(join(folder, 'quarters.png'), png);
  const output = join(folder, 'clips', 'quarters.mp4');
  return { folder, output, words: [join(folder, 'quarters.png'), '--output', output] };
}

const quick = ['--steps', '2', '--frames', '2', '--width', '48', '--height', '32', '--seed', '7'];

describe('kinora animate', () => {
  it('makes a clip and its frames, and says so in one line of JSON', async () => {
    const { folder, output, words } = desk();
    const io = createMemoryIo({ environment });
    const framesDir = join(folder, 'frames');
    const cheaper = ['--guidance-interval', '0.1,100', '--step-cache', '2'];
    const exitCode = await run([...words, ...quick, ...cheaper, '--frames-dir', framesDir, '--json'], io);
    expect(exitCode).toBe(0);

    expect(io.out()).toMatch(/^\{.*\}\n$/);
    const done = JSON.parse(io.out());
    const clip = readFileSync(output);
    expect(done).toMatchObject({
      output,
      framesDir,
      bytes: clip.byteLength,
      seed: 7,
      width: 384,
      height: 256,
      enlarged: 8,
      fit: 'crop',
      model: 'tiny-a',
      provider: 'cpu',
      settings: { width: 48, height: 32, numFrames: 2, guidanceInterval: [0.1, 100], stepCache: 2 },
    });
    const stages = ['prepare', 'encode-image', 'denoise', 'decode', 'encode-video'];
    expect(Object.keys(done.secondsPerStage).sort()).toEqual([...stages].sort());

    const { stream, tags } = await ffprobe(clip);
    expect(stream).toMatchObject({ codec_name: 'h264', width: 384, height: 256, nb_read_frames: '2' });
    expect(JSON.parse(tags.comment ?? '')).toMatchObject({
      ...{ seed: 7, model: 'tiny-a', numInferenceSteps: 2, guidanceInterval: '0.1,100', stepCache: 2 },
    });
    expect(readdirSync(framesDir)).toEqual(['frame-0000.png', 'frame-0001.png']);
    expect(readdirSync(join(folder, 'clips'))).toEqual(['quarters.mp4']);
    expect(io.err().split('\n')[0]).toBe('Preparing the picture');
  });

  it('adds LoRAs and names them in the clip', async () => {
    const { folder, output, words } = desk();
    const io = createMemoryIo({ environment: { ...environment, LORAS: `${lora('kohya')}:0.5` } });
    const framesDir = join(folder, 'frames');
    expect(await run([...words, ...quick, '--frames-dir', framesDir, '--json'], io)).toBe(0);
    expect(JSON.parse(io.out())).toMatchObject({ model: 'tiny-a + kohya:0.5' });
    const { tags } = await ffprobe(readFileSync(output));
    expect(JSON.parse(tags.comment ?? '')).toMatchObject({ model: 'tiny-a + kohya:0.5' });

    // What is asked for goes before what is configured.
    const other = createMemoryIo({ environment: { ...environment, LORAS: lora('kohya') } });
    const frames = ['--frames-dir', join(folder, 'other')];
    expect(await run([...words, ...quick, ...frames, '--lora', `${lora('peft')}:0.25`, '--json'], other)).toBe(0);
    expect(JSON.parse(other.out())).toMatchObject({ model: 'tiny-a + peft:0.25' });
    const first = (name: string) => readFileSync(join(folder, name, 'frame-0000.png'));
    expect(first('frames').equals(first('other'))).toBe(false);
  });

  it.each([
    ['that is not there', 'none.safetensors', /^kinora: There is no file .*none\.safetensors\.$/m],
    ['that is for another model', 'style.safetensors', /^kinora: .*style\.safetensors: this is a LoRA for Flux/m],
  ])('refuses a LoRA %s before anything is started', async (_, name, line) => {
    const { folder, words } = desk();
    const tensor = { dtype: 'F32', shape: [1], values: new Float32Array(1) } as const;
    writeCheckpoint(join(folder, 'style.safetensors'), { 'single_blocks.0.lora_A.weight': tensor });
    const io = createMemoryIo({ environment });
    expect(await runCli(['animate', ...words, ...quick, '--lora', join(folder, name)], io)).toBe(1);
    expect(io.err()).toMatch(line);
    expect(existsSync(join(folder, 'clips'))).toBe(false);
  });

  it('stops cleanly when it is interrupted, leaving nothing behind', async () => {
    const { folder, words } = desk();
    const interrupted = new AbortController();
    const io = createMemoryIo({ environment, signal: interrupted.signal });
    const done = run([...words, ...quick, '--steps', '1000'], io);
    const told = io.stderr as NodeJS.EventEmitter & typeof io.stderr;
    const write = told.write.bind(told);
    told.write = (line: string | Uint8Array) => {
      if (String(line).startsWith('Denoising')) interrupted.abort(new JobCancelledError('Interrupted by SIGINT.'));
      return write(line);
    };
    await expect(done).rejects.toThrow('Interrupted by SIGINT.');
    expect(readdirSync(join(folder, 'clips'))).toEqual([]);
  });

  it('takes settings that the model cannot do for wrong usage, before anything is started', async () => {
    const { folder, words } = desk();
    const io = createMemoryIo({ environment });
    const argv = ['animate', ...words, '--width', '51'];
    expect(await runCli(argv, io)).toBe(2);
    expect(io.err()).toMatch(/^kinora: --width must be a multiple of 2 from .* not 51\.\n$/);
    expect(existsSync(join(folder, 'clips'))).toBe(false);
  });

  it('tells what is wrong with a picture that only decoding shows', async () => {
    const { folder, words } = desk();
    const whole = await flatPicture(640, 640, 'red').png({ compressionLevel: 0 }).toBuffer();
    writeFileSync(join(folder, 'quarters.png'), whole.subarray(0, 4000));
    const io = createMemoryIo({ environment });
    expect(await runCli(['animate', ...words, ...quick], io)).toBe(1);
    expect(io.err().trimEnd().split('\n').at(-1)).toBe(
      'kinora: This picture is damaged or cut off. Save it anew and try again.',
    );
    expect(io.out()).toBe('');
    expect(readdirSync(join(folder, 'clips'))).toEqual([]);
  });

  it.each([
    [{ MODEL_DIR: '/nowhere' }, /nowhere/],
    [{ PROVIDER: 'gpu' }, /^kinora: PROVIDER must be one of/],
  ])('tells one line for a wrong configuration: %o', async (wrong, line) => {
    const io = createMemoryIo({ environment: { ...environment, ...wrong } });
    expect(await runCli(['animate', ...desk().words], io)).toBe(1);
    expect(io.err()).toMatch(line);
    expect(io.err().trimEnd()).not.toContain('\n');
  });

  it('shows its help', async () => {
    const io = createMemoryIo();
    expect(await run(['--help'], io)).toBe(0);
    expect(io.out()).toContain('--decode-chunk N');
    expect(io.out()).toMatch(/notebook +what the diffusers notebook does/);
  });
});
