import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { animateLine, readAnimateOptions } from '../../src/cli/animate-options.ts';
import { showHelp } from '../../src/cli/command-line.ts';
import { isUsageError } from '../../src/cli/usage-error.ts';
import { presetNames, presets } from '../../src/inference/pipeline/presets.ts';
import { createMemoryIo } from '../support/cli-io.ts';

describe('readAnimateOptions', () => {
  it("lets the output's name and the format follow each other", () => {
    const read = (line: string) => readAnimateOptions(line.split(' '));
    expect(read('a.png --format webp')).toMatchObject({
      clips: [{ output: resolve('out/a.webp') }],
      form: { format: 'webp' },
    });
    expect(read('a.png --output x.gif')).toMatchObject({
      clips: [{ output: resolve('x.gif') }],
      form: { format: 'gif' },
    });
  });

  it('needs a picture alone', () => {
    expect(readAnimateOptions(['photos/Cat 1.jpeg'])).toEqual({
      clips: [{ picture: resolve('photos/Cat 1.jpeg'), output: resolve('out/Cat 1.mp4'), framesDir: undefined }],
      maxPixels: 100_000_000,
      modelDir: undefined,
      preset: undefined,
      execution: {},
      fit: 'crop',
      form: { format: 'mp4', smooth: false },
      settings: {},
      json: false,
      warnings: [],
    });
  });

  it('reads every option', () => {
    const line =
      '--model m --max-pixels 5000000 --playback-fps 12 --output o.GIF --frames-dir f --preset fast --frames 14 --width 512 --height 256 --steps 30 --seed 7 --fps 8 ' +
      '--motion 90 --noise 0.05 --guidance-min 1.5 --guidance-max 2.5 --decode-chunk 2 --deep-cache-interval 3 --guidance-interval 0.3,50 --sampler euler-ancestral ' +
      '--schedule ays --fit pad --shape square --loop ping-pong --smooth --format gif --provider cpu --precision float32 --memory-mode sequential-offload --memory mmap --guidance-batch split --json a.png';
    expect(readAnimateOptions(line.split(' '))).toEqual({
      clips: [{ picture: resolve('a.png'), output: resolve('o.GIF'), framesDir: resolve('f') }],
      maxPixels: 5_000_000,
      modelDir: resolve('m'),
      preset: 'fast',
      execution: {
        provider: 'cpu',
        precision: 'float32',
        memoryMode: 'sequential-offload',
        cpuMemory: 'mmap',
        guidanceBatch: 'split',
      },
      fit: 'pad',
      form: { shape: 'square', format: 'gif', loop: 'ping-pong', smooth: true, playbackFps: 12 },
      settings: {
        numFrames: 14,
        width: 512,
        height: 256,
        numInferenceSteps: 30,
        seed: 7,
        fps: 8,
        motionBucketId: 90,
        noiseAugStrength: 0.05,
        minGuidanceScale: 1.5,
        maxGuidanceScale: 2.5,
        decodeChunkSize: 2,
        deepCacheInterval: 3,
        guidanceInterval: [0.3, 50],
        sampler: 'euler-ancestral',
        schedule: 'ays',
      },
      json: true,
      warnings: [],
    });
  });

  it('takes --step-cache for --deep-cache-interval for one more version, and says what to write', () => {
    const old = readAnimateOptions(['a.png', '--step-cache', '3']);
    expect(old?.settings).toEqual({ deepCacheInterval: 3 });
    expect(old?.warnings).toEqual([expect.stringMatching(/^--step-cache is now called --deep-cache-interval/)]);
    const both = readAnimateOptions(['a.png', '--step-cache', '3', '--deep-cache-interval', '2']);
    expect(both?.settings).toEqual({ deepCacheInterval: 2 });
  });

  it('lays the presets under each other where the help texts begin, and does not name old options', () => {
    const io = createMemoryIo();
    showHelp(animateLine, io);
    const lines = io.out().split('\n');
    const column = lines.find((line) => line.includes('--preset NAME'))!.indexOf('settings that');
    for (const name of presetNames) {
      const line = lines.find((text) => text.trimStart().startsWith(`${name} `))!;
      expect(line.indexOf(name)).toBe(column);
      const words = presets[name].description.slice(0, 8);
      expect(line.indexOf(words, column + name.length)).toBe(column + 'animate-lcm'.length + 1);
    }
    expect(io.out()).not.toContain('step-cache');
  });

  it('takes motion by the names that it has in Discord', () => {
    const motionOf = (word: string) => readAnimateOptions(['a.png', '--motion', word])?.settings.motionBucketId;
    expect(['subtle', 'normal', 'strong', 'wild', '90'].map(motionOf)).toEqual([60, 127, 180, 240, 90]);
    expect(() => motionOf('toString')).toThrow('--motion must be a number or one of');
    const io = createMemoryIo();
    showHelp(animateLine, io);
    expect(io.out().replaceAll(/\s+/g, ' ')).toContain('subtle (60), normal (127), strong (180), wild (240)');
  });

  it('reads LoRAs, several of them, each with its scale', () => {
    const words = [
      'a.png',
      '--lora',
      'x.safetensors',
      '--lora',
      'C:\\y:z.safetensors:0.5',
      '--lora',
      'v.safetensors:+2',
    ];
    expect(readAnimateOptions(words)?.loras).toEqual([
      { file: resolve('x.safetensors'), scale: 1 },
      { file: resolve('C:\\y:z.safetensors'), scale: 0.5 },
      { file: resolve('v.safetensors'), scale: 2 },
    ]);
    expect(readAnimateOptions(['a.png'])?.loras).toBeUndefined();
  });

  it.each([
    ['0', 0],
    ['+7', 7],
    ['4294967295', 4294967295],
    ['4294967296', 0],
    ['-1', 4294967295],
    ['-9223372036854775808', 0],
    ['18446744073709551615', 4294967295],
    // As ComfyUI draws them.
    ['156680208700286', 156680208700286 % 2 ** 32],
  ])('takes the seed %s as torch does', (text, seed) => {
    for (const words of [
      ['--seed', text, 'a.png'],
      ['a.png', `--seed=${text}`],
    ]) {
      const options = readAnimateOptions(words);
      expect(options?.settings.seed).toBe(seed);
      expect(options?.clips.map(({ picture }) => picture)).toEqual([readAnimateOptions(['a.png'])?.clips[0]?.picture]);
    }
  });

  it('takes what people type: a number that begins with a point or a sign, and --no- before a switch', () => {
    const settings = (...words: string[]) => readAnimateOptions(['a.png', ...words])?.settings;
    expect(settings('--noise', '.5')).toEqual({ noiseAugStrength: 0.5 });
    expect(settings('--noise=.5')).toEqual({ noiseAugStrength: 0.5 });
    expect(settings('--seed', '-1')).toEqual({ seed: 4_294_967_295 });
    // A number below the range is a number all the same: the model's limits refuse it by name.
    expect(settings('--guidance-max=-1')).toEqual({ maxGuidanceScale: -1 });
    expect(readAnimateOptions(['a.png', '--json'])?.json).toBe(true);
    expect(readAnimateOptions(['a.png', '--json', '--no-json'])?.json).toBe(false);
    expect(readAnimateOptions(['a.png', '--no-smooth'])?.form.smooth).not.toBe(true);
    expect(readAnimateOptions(['a.png', '--interpolate', '4'])?.form).toMatchObject({ interpolate: 4 });
    expect(() => readAnimateOptions(['a.png', '--interpolate', '61'])).toThrow('--interpolate must be');
  });

  it('asks for the help text', () => {
    expect(readAnimateOptions(['--help'])).toBeUndefined();
    expect(readAnimateOptions(['-h', 'a.png', '--seed', 'x'])).toBeUndefined();
  });

  it.each([
    [[], /which picture/],
    [
      ['a.png', 'b.png', '--output', 'c.mp4'],
      /^--output must name a folder for 2 clips, such as clips\/, not "c\.mp4"/,
    ],
    [['-', 'a.png', '-'], /standard input/],
    [['a.png', '--max-pixels', '0'], /^--max-pixels must be a whole number from 1/],
    [['a.png', '--max-pixels', '25M'], /^--max-pixels must be a number/],
    [['a.png', '--playback-fps', '0'], /^--playback-fps must be a whole number from 1 to 120, not "0"/],
    [[''], /which picture/],
    [['a.png', '--bogus'], /^Unknown option '--bogus'\. kinora animate --help tells the usage\.$/],
    [['a.png', '--seed'], /^Option '--seed <N>' argument missing\. kinora animate --help tells the usage\.$/],
    [['a.png', '--seed', '--json'], /^Option '--seed <N>' argument missing\. kinora/],
    [['a.png', '--motion', '-x'], /^--motion must be a number or one of subtle, normal, strong, wild, not "-x"/],
    [['a.png', '--json=yes'], /--json/],
    [
      ['a.png', '--seed', '0x10'],
      /^--seed must be a whole number from -9223372036854775808 to 18446744073709551615, not "0x10"/,
    ],
    [['a.png', '--seed', '1e9'], /--seed must be a whole number/],
    [['a.png', '--seed', '1.5'], /--seed must be a whole number/],
    [['a.png', '--seed', '18446744073709551616'], /--seed must be a whole number/],
    [['a.png', '--seed=-9223372036854775809'], /--seed must be a whole number/],
    [['a.png', '--steps', '1e9'], /--steps must be a number/],
    [['a.png', '--guidance-interval', '5'], /^--guidance-interval must be two numbers such as 0\.5,50, not "5"/],
    [['a.png', '--guidance-interval', '5,x'], /^--guidance-interval must be a number, not "x"/],
    [['a.png', '--noise', ''], /--noise must be a number/],
    [['a.png', '--sampler', 'ddim'], /^--sampler must be one of euler, .*not "ddim"/],
    [['a.png', '--schedule', 'linear'], /^--schedule must be one of karras/],
    [['a.png', '--fit', 'zoom'], /^--fit must be one of crop, pad, stretch/],
    [['a.png', '--provider', 'gpu'], /^--provider must be one of auto/],
    [['a.png', '--preset', 'best'], /^--preset must be one of notebook, quality, fast, draft, animate-lcm, not "best"/],
    [
      ['a.png', '--output', 'clip.avi'],
      /^--output must name a file that ends in \.mp4, \.gif, \.webp, not "clip\.avi"/,
    ],
    [['a.png', '--format', 'auto'], /^--format must be one of mp4, gif, webp, not "auto"/],
    [['a.png', '--output', 'clip.gif', '--format', 'webp'], /^--output must name a file that ends in \.webp/],
    [['a.png', '--loop', 'twice'], /^--loop must be one of none, ping-pong, crossfade/],
    [['a.png', '--output', '.mp4'], /--output/],
    [['a.png', '--model', ''], /^--model must name a folder/],
    [['a.png', '--lora', 'style'], /^--lora must be FILE\.safetensors or FILE\.safetensors:SCALE, not "style"/],
    [['a.png', '--lora', 'a.safetensors:much'], /^--lora must be/],
  ])('takes %j for wrong usage', (argv, message) => {
    expect(() => readAnimateOptions(argv)).toThrow(message);
    try {
      readAnimateOptions(argv);
    } catch (error) {
      expect(isUsageError(error)).toBe(true);
    }
  });

  it('reads a picture whose name begins with a dash', () => {
    expect(readAnimateOptions(['--seed', '1', '--', '-a.png'])?.clips[0]?.picture).toBe(resolve('-a.png'));
  });

  it('makes several clips of several pictures, each under its name, in out or the folder that is named', () => {
    const pictures = ['a.png', 'more/a.jpg', 'https://example.org/x/My%20cat.webp?sig=1', '-', 'more/A.gif'];
    const clips = readAnimateOptions([
      ...pictures,
      '--output',
      'clips/',
      '--frames-dir',
      'f',
      '--format',
      'gif',
    ])?.clips;
    expect(clips).toEqual([
      { picture: resolve('a.png'), output: resolve('clips/a.gif'), framesDir: resolve('f/a') },
      { picture: resolve('more/a.jpg'), output: resolve('clips/a-2.gif'), framesDir: resolve('f/a-2') },
      { picture: pictures[2], output: resolve('clips/My-20cat.gif'), framesDir: resolve('f/My-20cat') },
      { picture: '-', output: resolve('clips/picture.gif'), framesDir: resolve('f/picture') },
      { picture: resolve('more/A.gif'), output: resolve('clips/A-3.gif'), framesDir: resolve('f/A-3') },
    ]);
    expect(readAnimateOptions(['a.png', 'b.png'])?.clips.map(({ output }) => output)).toEqual([
      resolve('out/a.mp4'),
      resolve('out/b.mp4'),
    ]);
  });

  it('plays the preset notebook at 10 frames per second, as export_to_video does, unless something else is said', () => {
    const playback = (line: string) => readAnimateOptions(line.split(' '))?.form.playbackFps;
    expect(playback('a.png --preset notebook')).toBe(10);
    expect(playback('a.png --preset notebook --fps 7')).toBe(10);
    expect(playback('a.png --preset notebook --playback-fps 7')).toBe(7);
    expect(playback('a.png --preset quality')).toBeUndefined();
  });
});
