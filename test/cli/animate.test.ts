import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { run } from '../../src/cli/animate.ts';
import { asCommandLine } from '../../src/commands/describe-settings.ts';
import { JobCancelledError } from '../../src/errors.ts';
import { flatPicture, quartersPicture } from '../media/pictures.ts';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { goldenPath, openGolden } from '../support/golden.ts';
import { keepRenderers, keptEnvironment } from '../support/kept-renderers.ts';
import { spoilWeights } from '../support/spoil-weights.ts';
import { tempFolder } from '../support/temp-folder.ts';

const lora = (name: string) => goldenPath(`loras/${name}.safetensors`);
const tinyModel = inject('tinyModel');
const environment = { ...keptEnvironment, MODEL_DIR: tinyModel };
/** With the model that the LoRAs are of, and the recorded frames. */
const tinyA = { ...environment, MODEL_DIR: goldenPath('models/tiny-a') };
const { animate, runCli } = keepRenderers();
let png: Buffer;

beforeAll(async () => {
  png = await quartersPicture(120, 90).png().toBuffer();
});

/** A folder with the picture in it, and the words that name it and a clip beside it. */
function setUp() {
  const folder = tempFolder();
  writeFileSync(join(folder, 'quarters.png'), png);
  const output = join(folder, 'clips', 'quarters.mp4');
  return { folder, output, words: [join(folder, 'quarters.png'), '--output', output] };
}

const quick = ['--steps', '2', '--frames', '2', '--width', '48', '--height', '32', '--seed', '7'];

describe('kinora animate', () => {
  it('--interpolate has RIFE compute frames in between, and says so', async () => {
    const { output, words } = setUp();
    const io = createMemoryIo({ environment });
    expect(await animate([...words, ...quick, '--interpolate', '4', '--json'], io)).toBe(0);
    expect(JSON.parse(io.out())).toMatchObject({ frames: 5, fps: 28, interpolator: 'rife', form: { interpolate: 4 } });
    const { stream, tags } = await ffprobe(readFileSync(output));
    expect(stream).toMatchObject({ nb_read_frames: '5' });
    expect(JSON.parse(tags.comment ?? '')).toMatchObject({ interpolate: 4, interpolator: 'rife' });
  });

  it('makes a clip and its frames, and says so in one line of JSON', async () => {
    const { folder, output, words } = setUp();
    const io = createMemoryIo({ environment });
    const framesDir = join(folder, 'frames');
    const cheaper = ['--guidance-interval', '0.1,100', '--deep-cache-interval', '2'];
    // With a process of its own, which ends with the command.
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
      upscaleFactor: 8,
      fit: 'crop',
      model: 'tiny',
      provider: 'cpu',
      settings: { width: 48, height: 32, numFrames: 2, guidanceInterval: [0.1, 100], deepCacheInterval: 2 },
    });
    const stages = ['prepare', 'encode-image', 'denoise', 'decode', 'upscale', 'encode-video'];
    expect(Object.keys(done.secondsPerStage).sort()).toEqual([...stages].sort());

    const { stream, tags } = await ffprobe(clip);
    expect(stream).toMatchObject({ codec_name: 'h264', width: 384, height: 256, nb_read_frames: '2' });
    expect(JSON.parse(tags.comment ?? '')).toMatchObject({
      seed: 7,
      model: 'tiny',
      numInferenceSteps: 2,
      guidanceInterval: '0.1,100',
      deepCacheInterval: 2,
    });
    expect(io.err()).not.toContain('is now called');
    expect(readdirSync(framesDir)).toEqual(['frame-0000.png', 'frame-0001.png']);
    expect(readdirSync(join(folder, 'clips'))).toEqual(['quarters.mp4']);
    expect(io.err().split('\n')[0]).toBe('Preparing the picture');
  });

  it('adds LoRAs and names them in the clip', async () => {
    const { folder, output, words } = setUp();
    const io = createMemoryIo({ environment: { ...tinyA, LORAS: `${lora('kohya')}:0.5` } });
    const framesDir = join(folder, 'frames');
    expect(await animate([...words, ...quick, '--frames-dir', framesDir, '--json'], io)).toBe(0);
    expect(JSON.parse(io.out())).toMatchObject({ model: 'tiny-a + kohya:0.5' });
    const { tags } = await ffprobe(readFileSync(output));
    expect(JSON.parse(tags.comment ?? '')).toMatchObject({ model: 'tiny-a + kohya:0.5' });

    // What is asked for goes before what is configured.
    const other = createMemoryIo({ environment: { ...tinyA, LORAS: lora('kohya') } });
    const frames = ['--frames-dir', join(folder, 'other')];
    expect(await animate([...words, ...quick, ...frames, '--lora', `${lora('peft')}:0.25`, '--json'], other)).toBe(0);
    expect(JSON.parse(other.out())).toMatchObject({ model: 'tiny-a + peft:0.25' });
    const first = (name: string) => readFileSync(join(folder, name, 'frame-0000.png'));
    expect(first('frames').equals(first('other'))).toBe(false);
  });

  it.each([
    ['that is not there', 'none.safetensors', /^kinora: There is no file .*none\.safetensors\.$/m],
    ['that is for another model', 'style.safetensors', /^kinora: .*style\.safetensors: this is a LoRA for Flux/m],
  ])('refuses a LoRA %s before anything is started', async (_, name, line) => {
    const { folder, words } = setUp();
    const tensor = { dtype: 'F32', shape: [1], values: new Float32Array(1) } as const;
    writeCheckpoint(join(folder, 'style.safetensors'), { 'single_blocks.0.lora_A.weight': tensor });
    const io = createMemoryIo({ environment: tinyA });
    expect(await runCli(['animate', ...words, ...quick, '--lora', join(folder, name)], io)).toBe(1);
    expect(io.err()).toMatch(line);
    expect(existsSync(join(folder, 'clips'))).toBe(false);
  });

  it('stops cleanly when it is interrupted, leaving nothing behind', async () => {
    const { folder, words } = setUp();
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
    const { folder, words } = setUp();
    const io = createMemoryIo({ environment });
    const argv = ['animate', ...words, '--width', '51'];
    expect(await runCli(argv, io)).toBe(2);
    expect(io.err()).toMatch(/^kinora: --width must be a multiple of 2 from .* not 51\.\n$/);
    expect(existsSync(join(folder, 'clips'))).toBe(false);

    const other = createMemoryIo({ environment });
    expect(await runCli(['animate', ...words, '--step-cache', '2', '--guidance-max=-1'], other)).toBe(2);
    expect(other.err()).toMatch(
      /^--step-cache is now called .*\nkinora: --guidance-max must be a number from 0 to 100, not -1\.\n$/,
    );
  });

  it('tells what is wrong with a picture that only decoding shows', async () => {
    const { folder, words } = setUp();
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

  it('makes no black clip of weights with a value that is no number: says which network, and what to do', async () => {
    const { folder, words } = setUp();
    const modelDir = join(folder, 'model');
    cpSync(tinyModel, modelDir, { recursive: true });
    await spoilWeights(modelDir, 'vae/decoder.conv_out.bias');
    const io = createMemoryIo({ environment: { ...environment, MODEL_DIR: modelDir } });
    expect(await runCli(['animate', ...words, ...quick], io)).toBe(1);
    const last = io.err().trimEnd().split('\n').at(-1);
    expect(last).toMatch(/^kinora: The network vae-decoder gave values that are not finite \(decode, step 1 of 1\)\./);
    expect(last).toContain('kinora model check');
    expect(readdirSync(join(folder, 'clips'))).toEqual([]);
  });

  it.each([
    [{ MODEL_DIR: '/nowhere' }, /nowhere/],
    [{ PROVIDER: 'gpu' }, /^kinora: PROVIDER must be one of/],
  ])('tells one line for a wrong configuration: %o', async (wrong, line) => {
    const io = createMemoryIo({ environment: { ...environment, ...wrong } });
    expect(await runCli(['animate', ...setUp().words], io)).toBe(1);
    expect(io.err()).toMatch(line);
    expect(io.err().trimEnd()).not.toContain('\n');
  });

  it('shows its help', async () => {
    const io = createMemoryIo();
    expect(await animate(['--help'], io)).toBe(0);
    expect(io.out()).toContain('--decode-chunk N');
    expect(io.out()).toMatch(/notebook +what the diffusers notebook does/);
  });
});

describe('pictures as people have them', () => {
  const fixtures = fileURLToPath(new URL('../fixtures/pictures/', import.meta.url));

  it('several in one call make several clips, one line each', async () => {
    const { folder, words } = setUp();
    const io = createMemoryIo({ environment });
    const output = `${join(folder, 'clips')}/`;
    const pictures = [words[0]!, join(fixtures, 'pic.avif'), join(fixtures, 'pixel-extraneous.jpg')];
    const framesDir = join(folder, 'frames');
    expect(await animate([...pictures, ...quick, '--output', output, '--frames-dir', framesDir, '--json'], io)).toBe(0);
    const lines = io
      .out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => basename(line.output))).toEqual(['quarters.mp4', 'pic.mp4', 'pixel-extraneous.mp4']);
    expect(readdirSync(join(folder, 'clips')).sort()).toEqual(['pic.mp4', 'pixel-extraneous.mp4', 'quarters.mp4']);
    expect(readdirSync(framesDir).sort()).toEqual(['pic', 'pixel-extraneous', 'quarters']);
    expect(io.err()).toContain('pic.avif (2 of 3)');
  });

  it('a damaged one among several is named before anything is rendered', async () => {
    const { folder, words } = setUp();
    const io = createMemoryIo({ environment });
    const argv = ['animate', words[0]!, join(fixtures, 'cut-half.jpg'), ...quick, '--output', `${folder}/`];
    expect(await runCli(argv, io)).toBe(1);
    expect(io.err()).toMatch(/^kinora: .*cut-half\.jpg: This picture is damaged or cut off\..*\n$/);
    expect(readdirSync(folder)).toEqual(['quarters.png']);
  });

  it('an address is fetched, through redirects, and standard input is read', async () => {
    const { folder, output } = setUp();
    const server = createServer((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/pictures/cat.png?size=large' }).end();
      else if (request.url?.startsWith('/pictures/cat.png')) response.end(png);
      else response.writeHead(404).end('<html>gone</html>');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const io = createMemoryIo({ environment });
    io.stdin = Readable.from([png.subarray(0, 100), png.subarray(100)]);
    expect(await animate([`${address}/old`, '-', ...quick, '--output', `${folder}/`], io)).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['old.mp4', 'picture.mp4', 'quarters.png']);
    expect(readFileSync(join(folder, 'old.mp4'))).toEqual(readFileSync(join(folder, 'picture.mp4')));

    const missing = createMemoryIo({ environment });
    expect(await runCli(['animate', `${address}/none.png?key=secret`, '--output', output], missing)).toBe(1);
    expect(missing.err()).toMatch(
      /^kinora: The picture cannot be read: 127\.0\.0\.1:\d+\/none\.png answers 404 Not Found\.\n$/,
    );
  });

  it("--max-pixels is the operator's own limit", async () => {
    const { words } = setUp();
    const io = createMemoryIo({ environment });
    expect(await runCli(['animate', ...words, ...quick, '--max-pixels', '10000'], io)).toBe(1);
    expect(io.err()).toContain('has more than 0.01 megapixels');
  });

  it('one with nothing to see is said so, and animated all the same', async () => {
    const { folder } = setUp();
    const io = createMemoryIo({ environment });
    expect(await animate([join(fixtures, 'white.png'), ...quick, '--output', `${folder}/`], io)).toBe(0);
    expect(io.err().split('\n')[0]).toMatch(/white\.png is wholly white or empty: its clip will show nothing\.$/);
  });

  it('--playback-fps changes how fast the file plays, and not what the model is told', async () => {
    const { output, words } = setUp();
    const io = createMemoryIo({ environment });
    expect(await animate([...words, ...quick, '--fps', '8', '--playback-fps', '12', '--json'], io)).toBe(0);
    expect(JSON.parse(io.out())).toMatchObject({ fps: 12, settings: { fps: 8 }, form: { playbackFps: 12 } });
    const { stream, tags } = await ffprobe(readFileSync(output));
    expect(stream.avg_frame_rate).toBe('12/1');
    const settings = JSON.parse(tags.comment ?? '');
    expect(settings).toMatchObject({ fps: 8, playbackFps: 12 });
    expect(asCommandLine(settings)).toContain('--fps 8');
    expect(asCommandLine(settings)).toContain('--playback-fps 12');
  });

  it("a photo of another size gives diffusers' frames, from the command line to the PNG files", async () => {
    const golden = await openGolden('pictures/frames');
    const { folder, output } = setUp();
    const framesDir = join(folder, 'frames');
    const words = ['--width', '24', '--height', '16', '--frames', '2', '--steps', '2', '--seed', '11'];
    const io = createMemoryIo({ environment: tinyA });
    const how = ['--fit', 'stretch', '--schedule', 'model', '--frames-dir', framesDir, '--output', output];
    expect(await animate([goldenPath('pictures/photo.jpg'), ...words, ...how], io)).toBe(0);
    const frames = await Promise.all(
      readdirSync(framesDir)
        .sort()
        .map((name) =>
          sharp(readFileSync(join(framesDir, name)))
            .raw()
            .toBuffer(),
        ),
    );
    const [actual, expected] = [Buffer.concat(frames), golden.tensor('photo.jpg').data];
    expect(actual.length).toBe(expected.length);
    const off = actual.filter((value, at) => Math.abs(value - expected[at]!) > 1).length;
    expect(off / actual.length).toBeLessThanOrEqual(0.001);
  });

  it('takes the shape of the picture unless a shape or a size is asked for', async () => {
    const { words } = setUp();
    const clipOf = async (...more: string[]) => {
      const io = createMemoryIo({ environment });
      expect(await animate([...words, '--steps', '1', '--frames', '1', '--json', ...more], io)).toBe(0);
      return JSON.parse(io.out()) as { width: number; height: number; settings: { shape?: string } };
    };
    const own = await clipOf();
    expect(own.width / own.height).toBeCloseTo(120 / 90, 1);
    const square = await clipOf('--width', '32', '--height', '32');
    expect(square.width).toBe(square.height);
  });
});
