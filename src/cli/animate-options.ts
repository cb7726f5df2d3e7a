import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
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

/** The text of `kinora animate --help`. */
export const animateHelp = `Usage: kinora animate <picture>... [options]

Turns a picture (JPEG, PNG, WebP, GIF or AVIF) into a clip, several pictures into several. A picture is a file, an
address (https://...) or - for standard input. What is left out takes the model's own default.

Options:
  --model MODEL        model folder in diffusers layout, single-file checkpoint, or OWNER/NAME in Hugging Face's cache
                       (MODEL_DIR, else the demo model)
  --lora FILE[:SCALE]  a LoRA to add, and how much of it (1); more than one may be given (LORAS)
  --output FILE        the clip, with its format's extension (out/<picture>.mp4); a folder (clips/) for several
  --frames-dir DIR     also write the frames there, as frame-0000.png ...; of several clips into DIR/<picture>/
  --max-pixels N       the largest picture that is read (100000000); reading takes 3 to 7 bytes of memory a pixel,
                       WebP 11, AVIF 20
  --preset NAME        a recipe; options given beside it win:
${presetLines()}
  --frames N           number of frames; more than the model was trained for are taken too
  --width W            pixels, a multiple of the model's step
  --height H           pixels, a multiple of the model's step
  --steps N            denoising steps, 1 to 1000
  --seed N             any number of 64 bits, as torch.manual_seed takes it (drawn by lot)
  --fps N              frames per second that the model is told, 1 to 120
  --playback-fps N     frames per second that the clip plays at, 1 to 120 (--fps; 10 with the preset notebook)
  --motion N           how much moves: 127 is normal, 1 to 255 were trained, 0 and more are taken
  --noise X            noise added to the picture, 0 to 10
  --guidance-min X     guidance of the first frame, 0 to 100
  --guidance-max X     guidance of the last frame, 0 to 100
  --decode-chunk N     frames decoded together; fewer take less memory and flicker more
  --guidance-interval LO,HI  guidance only in steps whose noise level is above LO and not above HI; the others take
                       half the time
  --step-cache N       the whole UNet in every Nth step only, its outermost blocks in between; quicker and less exact
  --sampler NAME       ${samplerNames.join(', ')}
  --schedule NAME      ${scheduleNames.join(', ')}
  --fit NAME           how the picture takes the clip's shape: ${fitNames.join(', ')} (crop)
  --shape NAME         chooses width and height: ${shapeNames.join(', ')} (the model's own)
  --loop NAME          how the clip repeats: ${loopNames.join(', ')} (the model's own)
  --smooth             compute frames in between, up to 24 per second
  --format NAME        ${clipFormats.join(', ')} (as the output's name says, else mp4)
  --provider NAME      ${providerNames.join(', ')} (PROVIDER, else auto)
  --precision NAME     ${precisions.join(', ')} (PRECISION, else what suits the provider)
  --memory-mode NAME   what is kept in memory: ${memoryModes.join(', ')} (MEMORY_MODE, else staged)
  --memory NAME        weights on the CPU: ${cpuMemories.join(', ')} (CPU_MEMORY, else speed)
  --guidance-batch NAME  the two branches of guidance: ${guidanceBatches.join(', ')} (GUIDANCE_BATCH, else together)
  --json               print one line of JSON that says what was done
  --help               show this

Clips of a small model are enlarged by a whole factor until their shorter side has 256 pixels.
`;

function presetLines(): string {
  return presetNames.map((name) => `${' '.repeat(23)}${name.padEnd(12)}${presets[name].description}`).join('\n');
}

const text = { type: 'string' } as const;

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

const declaration = {
  model: text,
  lora: { type: 'string', multiple: true },
  output: text,
  'frames-dir': text,
  preset: text,
  frames: text,
  width: text,
  height: text,
  steps: text,
  seed: text,
  fps: text,
  'playback-fps': text,
  'max-pixels': text,
  motion: text,
  noise: text,
  'guidance-min': text,
  'guidance-max': text,
  'decode-chunk': text,
  'step-cache': text,
  'guidance-interval': text,
  sampler: text,
  schedule: text,
  fit: text,
  shape: text,
  loop: text,
  smooth: { type: 'boolean' },
  format: text,
  provider: text,
  precision: text,
  'memory-mode': text,
  memory: text,
  'guidance-batch': text,
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads the words after `kinora animate`; undefined where the help text was asked for. Whether a number suits the
 * model is for whoever knows the model.
 * @throws UserError wrong usage, see `usageError`
 */
export function readAnimateOptions(argv: string[]): AnimateOptions | undefined {
  const { values, positionals } = parse(argv);
  if (values.help === true) return undefined;
  if (positionals.length === 0 || positionals.includes('')) {
    throw usageError('which picture? kinora animate --help tells the usage.');
  }
  if (positionals.filter((picture) => picture === '-').length > 1) {
    throw usageError('standard input (-) is one picture, and was named twice.');
  }
  const preset = values.preset === undefined ? undefined : readName('preset', values.preset, presetNames);
  const { clips, format } = planClips({
    pictures: positionals,
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
      smooth: values.smooth === true,
      ...playbackOf(values['playback-fps'], preset),
    },
    settings,
    json: values.json === true,
  };
}

function readExecution(values: ReturnType<typeof parse>['values']): Partial<ExecutionOptions> {
  const { provider, precision, memory, 'memory-mode': memoryMode, 'guidance-batch': guidanceBatch } = values;
  return {
    ...(provider !== undefined && { provider: readName('provider', provider, providerNames) }),
    ...(precision !== undefined && { precision: readName('precision', precision, precisions) }),
    ...(memoryMode !== undefined && { memoryMode: readName('memory-mode', memoryMode, memoryModes) }),
    ...(memory !== undefined && { cpuMemory: readName('memory', memory, cpuMemories) }),
    ...(guidanceBatch !== undefined && { guidanceBatch: readName('guidance-batch', guidanceBatch, guidanceBatches) }),
  };
}

function parse(argv: string[]) {
  try {
    return parseArgs({ args: withNegativeValues(argv), options: declaration, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(describeParseError(error), error);
  }
}

/** `--seed -1` as `--seed=-1`, which Node does not take for another option. */
function withNegativeValues(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const joined: string[] = [];
  for (const [at, word] of argv.entries()) {
    const option = joined.at(-1) ?? '';
    const isValue = /^-\d/.test(word) && /^--[a-z-]+$/.test(option) && (end === -1 || at < end);
    if (isValue) joined[joined.length - 1] = `${option}=${word}`;
    else joined.push(word);
  }
  return joined;
}

/** Node's words run on about `--` and quoting after what matters. */
function describeParseError(error: unknown): string {
  const [what] = (error instanceof Error ? error.message : String(error)).split(/\.?\s+(?:To specify|Did you forget)/);
  return `${what}. kinora animate --help tells the usage.`;
}

function readLora(value: string): NamedLora {
  const lora = readLoraOption(value);
  if (lora !== undefined) return { ...lora, file: resolve(lora.file) };
  throw usageError(`--lora must be FILE.safetensors or FILE.safetensors:SCALE, not "${value}".`);
}

function readNumber(option: string, value: string): number {
  // Number() alone would also take '', '0x10' and '1e9'.
  if (!/^-?\d+(\.\d+)?$/.test(value)) throw usageError(`--${option} must be a number, not "${value}".`);
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
