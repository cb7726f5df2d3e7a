import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { run } from '../../src/cli/animate.ts';
import { asCommandLine } from '../../src/commands/describe-settings.ts';
import { JobCancelledError } from '../../src/errors.ts';
import { flatPicture, quartersPicture } from '../media/pictures.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { keepRenderers, keptEnvironment } from '../support/kept-renderers.ts';
import { quartersFolder, quartersPng } from '../support/quarters-folder.ts';
import { scriptedAnimate } from '../support/scripted-animate.ts';
import { spoilWeights } from '../support/spoil-weights.ts';
import { styleFolder } from '../support/style-networks.ts';

const tinyModel = inject('tinyModel');
/** The same for all, so that one process makes their clips; it holds styles once there is a test of them. */
const styleDir = mkdtempSync(join(tmpdir(), 'kinora-styles-'));
afterAll(() => rmSync(styleDir, { recursive: true }));
const environment = { ...keptEnvironment, MODEL_DIR: tinyModel, STYLE_DIR: styleDir };
const { animate, runCli } = keepRenderers();

const quick = ['--steps', '2', '--frames', '2', '--width', '48', '--height', '32', '--seed', '7'];

describe('kinora animate', () => {
  it('--interpolate has RIFE compute frames in between, and says so', async () => {
    const { output, words } = quartersFolder();
    const io = createMemoryIo({ environment });
    expect(await animate([...words, ...quick, '--interpolate', '4', '--json'], io)).toBe(0);
    expect(JSON.parse(io.out())).toMatchObject({ frames: 5, fps: 28, interpolator: 'rife', form: { interpolate: 4 } });
    const { stream, tags } = await ffprobe(readFileSync(output));
    expect(stream).toMatchObject({ nb_read_frames: '5' });
    expect(JSON.parse(tags.comment ?? '')).toMatchObject({ interpolate: 4, interpolator: 'rife' });
  });

  it('makes a clip and its frames, and says so in one line of JSON', async () => {
    const { folder, output, words } = quartersFolder();
    const io = createMemoryIo({ environment });
    const framesDir = join(folder, 'frames');
    const cheaper = ['--guidance-interval', '0.1,100', '--deep-cache-interval', '2'];
    expect(await animate([...words, ...quick, ...cheaper, '--frames-dir', framesDir, '--json'], io)).toBe(0);

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

  it('stops cleanly when it is interrupted, leaving nothing behind', async () => {
    const { folder, words } = quartersFolder();
    const interrupted = new AbortController();
    const io = createMemoryIo({ environment, signal: interrupted.signal });
    const done = animate([...words, ...quick, '--steps', '1000'], io);
    const told = io.stderr as NodeJS.EventEmitter & typeof io.stderr;
    const write = told.write.bind(told);
    told.write = (line: string | Uint8Array) => {
      if (String(line).startsWith('Denoising')) interrupted.abort(new JobCancelledError('Interrupted by SIGINT.'));
      return write(line);
    };
    await expect(done).rejects.toThrow('Interrupted by SIGINT.');
    expect(readdirSync(join(folder, 'clips'))).toEqual([]);
  });

  it('tells what is wrong with a picture that only decoding shows', async () => {
    const { folder, words } = quartersFolder();
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
    const { folder, words } = quartersFolder();
    const modelDir = join(folder, 'model');
    cpSync(tinyModel, modelDir, { recursive: true });
    await spoilWeights(modelDir, 'vae/decoder.conv_out.bias');
    const io = createMemoryIo({ environment: { ...environment, MODEL_DIR: modelDir } });
    expect(await runCli(['animate', ...words, ...quick, '--steps', '1', '--frames', '1'], io)).toBe(1);
    const last = io.err().trimEnd().split('\n').at(-1);
    expect(last).toMatch(/^kinora: The network vae-decoder gave values that are not finite \(decode, step 1 of 1\)\./);
    expect(last).toContain('kinora model check');
    expect(readdirSync(join(folder, 'clips'))).toEqual([]);
  });
});

describe('pictures as people have them', () => {
  const fixtures = fileURLToPath(new URL('../fixtures/pictures/', import.meta.url));

  it('several in one call make several clips, one line each', async () => {
    const { folder, words } = quartersFolder();
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
    const { folder, words } = quartersFolder();
    const io = createMemoryIo({ environment });
    const argv = ['animate', words[0]!, join(fixtures, 'cut-half.jpg'), ...quick, '--output', `${folder}/`];
    expect(await runCli(argv, io)).toBe(1);
    expect(io.err()).toMatch(/^kinora: .*cut-half\.jpg: This picture is damaged or cut off\..*\n$/);
    expect(readdirSync(folder)).toEqual(['quarters.png']);
  });

  it('an address is fetched, through redirects, and standard input is read', async () => {
    const { folder, output } = quartersFolder();
    const server = createServer((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/pictures/cat.png?size=large' }).end();
      else if (request.url?.startsWith('/pictures/cat.png')) response.end(quartersPng);
      else response.writeHead(404).end('<html>gone</html>');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const io = createMemoryIo({ environment });
    io.stdin = Readable.from([quartersPng.subarray(0, 100), quartersPng.subarray(100)]);
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
    const { words } = quartersFolder();
    const io = createMemoryIo({ environment });
    expect(await runCli(['animate', ...words, ...quick, '--max-pixels', '10000'], io)).toBe(1);
    expect(io.err()).toContain('has more than 0.01 megapixels');
  });

  it('one with nothing to see is said so, and animated all the same', async () => {
    const { folder } = quartersFolder();
    const io = createMemoryIo({ environment });
    expect(await animate([join(fixtures, 'white.png'), ...quick, '--output', `${folder}/`], io)).toBe(0);
    expect(io.err().split('\n')[0]).toMatch(/white\.png is wholly white or empty: its clip will show nothing\.$/);
  });

  it('--playback-fps changes how fast the file plays, and not what the model is told', async () => {
    const { output, words } = quartersFolder();
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

  it('takes the shape of the picture unless a shape or a size is asked for', async () => {
    const { words } = quartersFolder();
    const io = createMemoryIo({ environment });
    expect(await animate([...words, '--steps', '1', '--frames', '1', '--json'], io)).toBe(0);
    const { width, height } = JSON.parse(io.out()) as { width: number; height: number };
    // The same picture at 48×32, whose shape is another, is "makes a clip and its frames".
    expect(width / height).toBeCloseTo(120 / 90, 1);
  });
});

describe('frames beyond what the model was trained for', () => {
  it('are made, with a note, and model info says so', async () => {
    const io = createMemoryIo({ environment });
    const beyond = ['--steps', '1', '--frames', '5', '--motion', '1023', '--seed', '-1', '--json'];
    expect(await animate([...quartersFolder().words, ...quick, ...beyond], io)).toBe(0);
    expect(io.err()).toContain('5 frames are more than the 3 that the model was trained for.');
    const clip = JSON.parse(io.out());
    expect(clip).toMatchObject({ frames: 5, seed: 4294967295, settings: { motionBucketId: 1023 } });

    const trained = createMemoryIo({ environment });
    expect(await run([...quartersFolder().words, ...quick, '--frames', '3'], trained, scriptedAnimate())).toBe(0);
    expect(trained.err()).not.toContain('more than');

    const info = createMemoryIo({ environment });
    expect(await runCli(['model', 'info'], info)).toBe(0);
    expect(info.out()).toContain('up to 3 frames as trained, more with --frames');
  });
});

describe('kinora animate --style', () => {
  const styled = [...quick, '--steps', '1', '--json'];
  const framesIn = (folder: string) => readdirSync(folder).map((name) => readFileSync(join(folder, name)));

  it('makes the clip of the picture that the network draws, and says which styles there are', async () => {
    const { folder } = quartersFolder();
    cpSync(styleFolder({ ink: { network: 'negative' }, plain: { network: 'same' } }), styleDir, { recursive: true });
    // In the clip's size, so that nothing is resized between the two.
    const data = await quartersPicture(48, 32).removeAlpha().raw().toBuffer();
    const raw = { width: 48, height: 32, channels: 3 } as const;
    await sharp(data, { raw }).png().toFile(join(folder, 'picture.png'));
    await sharp(
      data.map((value) => 255 - value),
      { raw },
    )
      .png()
      .toFile(join(folder, 'negative.png'));
    const out = (name: string) => ['--output', join(folder, `${name}.mp4`), '--frames-dir', join(folder, name)];
    const io = createMemoryIo({ environment });
    const ink = ['--style', 'ink', '--style-dir', styleDir];
    expect(await animate([join(folder, 'picture.png'), ...styled, ...out('styled'), ...ink], io)).toBe(0);
    expect(JSON.parse(io.out()).form.style).toMatch(/^ink@[0-9a-f]{16}$/);
    const negative = [join(folder, 'negative.png'), ...styled, ...out('expected')];
    expect(await animate(negative, createMemoryIo({ environment }))).toBe(0);
    expect(framesIn(join(folder, 'styled'))).toEqual(framesIn(join(folder, 'expected')));

    const unknown = createMemoryIo({ environment });
    const sketch = [...out('no'), '--style', 'sketch', '--style-dir', styleDir];
    expect(await runCli(['animate', join(folder, 'picture.png'), ...styled, ...sketch], unknown)).not.toBe(0);
    expect(unknown.err()).toContain('sketch');
    expect(unknown.err()).toContain('ink, plain');
  });
});
