import { resolve } from 'node:path';
import { type NamedLora, readLoraOption } from '../config/value-schemas.ts';
import { type PresetName, presetNames, presets } from '../inference/pipeline/presets.ts';
import {
  cpuMemories,
  type ExecutionOptions,
  guidanceBatches,
  type ImageToVideoSettings,
  memoryModes,
  precisions,
  providerNames,
  samplerNames,
  scheduleNames,
} from '../inference/pipeline/types.ts';
import { seedRange, torchSeed } from '../util/torch-seed.ts';
import { type ClipForm, clipFormats, type FitName, fitNames, loopNames, shapeNames } from '../worker/types.ts';
import { type CommandLine, type Given, type OptionDeclaration, readCommandLine } from './command-line.ts';
import { type ClipPlan, planClips } from './plan-clips.ts';
import { usageError } from './usage-error.ts';

/** What `kinora animate` was asked to do; paths are absolute. */
export interface AnimateOptions {
  clips: ClipPlan[];
  /** The largest picture that is read. */
  maxPixels: number;
  /** Undefined: what the configuration says. */
  modelDir: string | undefined;
  /** Undefined: what the configuration says. */
  loras: readonly NamedLora[] | undefined;
  /** What was asked for; the configuration says the rest. */
  execution: Partial<ExecutionOptions>;
  fit: FitName;
  /** What is left out is the model's to say. */
  form: Partial<ClipForm>;
  /** A recipe, to which everything else that was asked for is preferred. */
  preset: PresetName | undefined;
  /** Only what was asked for. */
  settings: Partial<ImageToVideoSettings>;
  json: boolean;
}

function presetLines(): string {
  return presetNames.map((name) => `\n  ${name.padEnd(12)}${presets[name].description}`).join('');
}

/** Options whose value is a number that JavaScript holds, and the setting each of them is. */
const numbers = {
  frames: 'numFrames',
  width: 'width',
  height: 'height',
  steps: 'numInferenceSteps',
  fps: 'fps',
  motion: 'motionBucketId',
  noise: 'noiseAugStrength',
  'guidance-min': 'minGuidanceScale',
  'guidance-max': 'maxGuidanceScale',
  'decode-chunk': 'decodeChunkSize',
  'step-cache': 'stepCache',
} as const satisfies Record<string, keyof ImageToVideoSettings>;

/** What `kinora animate` takes. */
export const animateLine = {
  name: 'kinora animate',
  usage: '<picture>... [options]',
  words: '[picture...]',
  about:
    'Turns a picture (JPEG, PNG, WebP, GIF or AVIF) into a clip, several pictures into several. A picture is a file, an ' +
    "address (https://...) or - for standard input. What is left out takes the model's own default.",
  options: {
    model: {
      value: 'MODEL',
      help:
        'model folder in diffusers layout, single-file checkpoint, or OWNER/NAME in ' +
        "Hugging Face's cache (MODEL_DIR, else the demo model)",
    },
    lora: {
      value: 'FILE[:SCALE]',
      isMany: true,
      help: 'a LoRA to add, and how much of it (1); more than one may be given (LORAS)',
    },
    output: {
      value: 'FILE',
      help: "the clip, with its format's extension (out/<picture>.mp4); a folder (clips/) for several",
    },
    'frames-dir': {
      value: 'DIR',
      help: 'also write the frames there, as frame-0000.png ...; of several clips into DIR/<picture>/',
    },
    'max-pixels': {
      value: 'N',
      help: 'the largest picture that is read (100000000); reading takes 3 to 7 bytes of memory a pixel, WebP 11, AVIF 20',
    },
    preset: { value: 'NAME', help: `a recipe; options given beside it win:${presetLines()}` },
    frames: { value: 'N', help: 'number of frames; more than the model was trained for are taken too' },
    width: { value: 'W', help: "pixels, a multiple of the model's step" },
    height: { value: 'H', help: "pixels, a multiple of the model's step" },
    steps: { value: 'N', help: 'denoising steps, 1 to 1000' },
    seed: { value: 'N', help: 'any number of 64 bits, as torch.manual_seed takes it (drawn by lot)' },
    fps: { value: 'N', help: 'frames per second that the model is told, 1 to 120' },
    'playback-fps': {
      value: 'N',
      help: 'frames per second that the clip plays at, 1 to 120 (--fps; 10 with the preset notebook)',
    },
    motion: { value: 'N', help: 'how much moves: 127 is normal, 1 to 255 were trained, 0 and more are taken' },
    noise: { value: 'X', help: 'noise added to the picture, 0 to 10' },
    'guidance-min': { value: 'X', help: 'guidance of the first frame, 0 to 100' },
    'guidance-max': { value: 'X', help: 'guidance of the last frame, 0 to 100' },
    'decode-chunk': { value: 'N', help: 'frames decoded together; fewer take less memory and flicker more' },
    'guidance-interval': {
      value: 'LO,HI',
      help: 'guidance only in steps whose noise level is above LO and not above HI; the others take half the time',
    },
    'step-cache': {
      value: 'N',
      help: 'the whole UNet in every Nth step only, its outermost blocks in between; quicker and less exact',
    },
    sampler: { value: 'NAME', help: samplerNames.join(', ') },
    schedule: { value: 'NAME', help: scheduleNames.join(', ') },
    fit: { value: 'NAME', help: `how the picture takes the clip's shape: ${fitNames.join(', ')} (crop)` },
    shape: { value: 'NAME', help: `chooses width and height: ${shapeNames.join(', ')} (the model's own)` },
    loop: { value: 'NAME', help: `how the clip repeats: ${loopNames.join(', ')} (the model's own)` },
    smooth: { help: 'compute frames in between, up to 24 per second' },
    format: { value: 'NAME', help: `${clipFormats.join(', ')} (as the output's name says, else mp4)` },
    provider: { value: 'NAME', help: `${providerNames.join(', ')} (PROVIDER, else auto)` },
    precision: { value: 'NAME', help: `${precisions.join(', ')} (PRECISION, else what suits the provider)` },
    'memory-mode': {
      value: 'NAME',
      help: `what is kept in memory: ${memoryModes.join(', ')} (MEMORY_MODE, else model-offload)`,
    },
    memory: { value: 'NAME', help: `weights on the CPU: ${cpuMemories.join(', ')} (CPU_MEMORY, else prepacked)` },
    'guidance-batch': {
      value: 'NAME',
      help: `the two branches of guidance: ${guidanceBatches.join(', ')} (GUIDANCE_BATCH, else batched)`,
    },
    json: { help: 'print one line of JSON that says what was done' },
  },
  notes: 'Clips of a small model are enlarged by a whole factor until their shorter side has 256 pixels.',
} as const satisfies CommandLine<Record<string, OptionDeclaration>>;

type Values = Given<(typeof animateLine)['options']>['values'];

/**
 * Reads the words after `kinora animate`; undefined where the help text was asked for. Whether a number suits the
 * model is for whoever knows the model.
 * @throws UserError wrong usage, see `usageError`
 */
export function readAnimateOptions(argv: readonly string[]): AnimateOptions | undefined {
  const given = readCommandLine(animateLine, argv);
  if (given === undefined) return undefined;
  const { values, words: pictures } = given;
  if (pictures.length === 0 || pictures.includes('')) {
    throw usageError('which picture? kinora animate --help tells the usage.');
  }
  if (pictures.filter((picture) => picture === '-').length > 1) {
    throw usageError('standard input (-) is one picture, and was named twice.');
  }
  const preset = values.preset === undefined ? undefined : readName('preset', values.preset, presetNames);
  const { clips, format } = planClips({
    pictures,
    output: values.output,
    framesDir: readPath('frames-dir', values['frames-dir']),
    format: values.format === undefined ? undefined : readName('format', values.format, clipFormats),
  });
  const settings: Partial<ImageToVideoSettings> = {};
  for (const [option, setting] of Object.entries(numbers)) {
    const value = values[option as keyof typeof numbers];
    if (value !== undefined) settings[setting] = readNumber(option, value);
  }
  if (values.seed !== undefined) settings.seed = readSeed(values.seed);
  if (values.sampler !== undefined) settings.sampler = readName('sampler', values.sampler, samplerNames);
  const interval = values['guidance-interval'];
  if (interval !== undefined) settings.guidanceInterval = readInterval('guidance-interval', interval);
  if (values.schedule !== undefined) settings.schedule = readName('schedule', values.schedule, scheduleNames);
  return {
    clips,
    maxPixels: readWhole('max-pixels', values['max-pixels'] ?? '100000000', { from: 1, to: 10_000_000_000 }),
    modelDir: readPath('model', values.model),
    loras: values.lora?.map(readLora),
    preset,
    execution: readExecution(values),
    fit: values.fit === undefined ? 'crop' : readName('fit', values.fit, fitNames),
    form: {
      ...(values.shape !== undefined && { shape: readName('shape', values.shape, shapeNames) }),
      format,
      ...(values.loop !== undefined && { loop: readName('loop', values.loop, loopNames) }),
      smooth: values.smooth,
      ...playbackOf(values['playback-fps'], preset),
    },
    settings,
    json: values.json,
  };
}

function readExecution(values: Values): Partial<ExecutionOptions> {
  const { provider, precision, memory, 'memory-mode': memoryMode, 'guidance-batch': guidanceBatch } = values;
  return {
    ...(provider !== undefined && { provider: readName('provider', provider, providerNames) }),
    ...(precision !== undefined && { precision: readName('precision', precision, precisions) }),
    ...(memoryMode !== undefined && { memoryMode: readName('memory-mode', memoryMode, memoryModes) }),
    ...(memory !== undefined && { cpuMemory: readName('memory', memory, cpuMemories) }),
    ...(guidanceBatch !== undefined && { guidanceBatch: readName('guidance-batch', guidanceBatch, guidanceBatches) }),
  };
}

function readLora(value: string): NamedLora {
  const lora = readLoraOption(value);
  if (lora !== undefined) return { ...lora, file: resolve(lora.file) };
  throw usageError(`--lora must be FILE.safetensors or FILE.safetensors:SCALE, not "${value}".`);
}

function readNumber(option: string, value: string): number {
  // Number() alone would also take '', '0x10' and '1e9'.
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)) throw usageError(`--${option} must be a number, not "${value}".`);
  return Number(value);
}

function readWhole(option: string, value: string, { from, to }: { from: number; to: number }): number {
  const number = readNumber(option, value);
  if (Number.isInteger(number) && number >= from && number <= to) return number;
  throw usageError(`--${option} must be a whole number from ${from} to ${to}, not "${value}".`);
}

function playbackOf(asked: string | undefined, preset: PresetName | undefined): Pick<ClipForm, 'playbackFps'> {
  const proposed = preset === undefined ? undefined : presets[preset].playbackFps;
  const playbackFps = asked === undefined ? proposed : readWhole('playback-fps', asked, { from: 1, to: 120 });
  return playbackFps === undefined ? {} : { playbackFps };
}

function readSeed(value: string): number {
  const seed = torchSeed(value);
  if (seed !== undefined) return seed;
  throw usageError(`--seed must be a whole number from ${seedRange.min} to ${seedRange.max}, not "${value}".`);
}

function readInterval(option: string, value: string): [number, number] {
  const [low, high, ...more] = value.split(',');
  if (low === undefined || high === undefined || more.length > 0) {
    throw usageError(`--${option} must be two numbers such as 0.5,50, not "${value}".`);
  }
  return [readNumber(option, low), readNumber(option, high)];
}

function readName<Name extends string>(option: string, value: string, names: readonly Name[]): Name {
  const name = names.find((known) => known === value);
  if (name === undefined) throw usageError(`--${option} must be one of ${names.join(', ')}, not "${value}".`);
  return name;
}

function readPath(option: string, value: string | undefined): string | undefined {
  if (value === '') throw usageError(`--${option} must name a folder.`);
  return value === undefined ? undefined : resolve(value);
}
