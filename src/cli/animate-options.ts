import { resolve } from 'node:path';
import { type NamedLora, readLoraOption } from '../config/value-schemas.ts';
import { type PresetName, presetNames, presets } from '../inference/pipeline/presets.ts';
import { type ClipForm, clipForm, clipFormats, type FitName } from '../settings/clip-form.ts';
import { defaultsOf } from '../settings/declaration.ts';
import { type ExecutionOptions, executionSettings } from '../settings/execution.ts';
import { type ImageToVideoSettings, imageToVideo } from '../settings/image-to-video.ts';
import { heldWholeNumber } from '../settings/kinds.ts';
import { type CommandLine, type OptionDeclaration, readCommandLine } from './command-line.ts';
import { absolute, type ClipPlan, planClips } from './plan-clips.ts';
import { optionsOf, readOption, readSettings } from './setting-options.ts';
import { usageError } from './usage-error.ts';

/** What `kinora animate` was asked to do; paths are absolute. */
export interface AnimateOptions {
  clips: ClipPlan[];
  /** The picture that every clip ends with; undefined: none was named. */
  end: string | undefined;
  /** The file that shows the clip on its way; undefined: none was asked for. */
  preview: string | undefined;
  /** The variations that become clips; undefined: who watches is asked. */
  pick: number[] | undefined;
  /** The largest picture that is read. */
  maxPixels: number;
  /** Undefined: what the configuration says. */
  modelDir: string | undefined;
  /** Undefined: what the configuration says. */
  loras: readonly NamedLora[] | undefined;
  /** Undefined: what the configuration says. */
  styleDir: string | undefined;
  /** What was asked for; the configuration says the rest. */
  execution: Partial<ExecutionOptions>;
  fit: FitName;
  /** What is left out is the model's to say. */
  form: Partial<ClipForm>;
  /** A preset, to which everything else that was asked for is preferred. */
  preset: PresetName | undefined;
  /** Only what was asked for. */
  settings: Partial<ImageToVideoSettings>;
  json: boolean;
  /** What should be said on stderr. */
  warnings: string[];
}

/** A line for each; commander lays them under each other where the help texts begin, unless one begins with a space. */
function presetLines(): string {
  return presetNames.map((name) => `\n${name.padEnd(12)}${presets[name].description}`).join('');
}

/** What `kinora animate` takes. */
export const animateLine = {
  name: 'kinora animate',
  usage: '<picture>... [options]',
  words: '[picture...]',
  about:
    'Turns a picture (JPEG, PNG, WebP, GIF or AVIF) into a clip, several pictures into several. A picture is a file, an ' +
    "address (https://...) or - for standard input. What is left out takes the model's own default.",
  options: {
    end: {
      value: 'PICTURE',
      help: "the picture that the clip ends with, brought to the first one's shape by --fit; twice the time",
    },
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
    'style-dir': { value: 'DIR', help: 'the folder of the networks for --style (STYLE_DIR)' },
    output: {
      value: 'FILE',
      help: "the clip, with its format's extension (out/<picture>.mp4); a folder (clips/) for several",
    },
    'frames-dir': {
      value: 'DIR',
      help: 'also write the frames there, as frame-0000.png ...; of several clips into DIR/<picture>/',
    },
    preview: {
      value: 'FILE.webp',
      help:
        'all frames as the model guesses them after a quarter, half and three quarters of the steps, 160 pixels wide; ' +
        'the file is replaced each time; with --variations the file that shows them (beside the clip)',
    },
    pick: {
      value: 'N,...',
      help: 'with --variations: which of them become clips, such as 2 or 1,3 (asked for at a terminal, else none)',
    },
    'max-pixels': {
      value: 'N',
      help: 'the largest picture that is read (100000000); reading takes 3 to 7 bytes of memory a pixel, WebP 11, AVIF 20',
    },
    preset: { value: 'NAME', help: `settings that go together; options given beside it win:${presetLines()}` },
    ...optionsOf(imageToVideo),
    ...optionsOf(clipForm),
    ...optionsOf(executionSettings),
    json: { help: 'print one line of JSON that says what was done' },
  },
  notes: 'Clips of a small model are enlarged by a whole factor until their shorter side has 256 pixels.',
} as const satisfies CommandLine<Record<string, OptionDeclaration>>;

/**
 * Reads the words after `kinora animate`; undefined where the help text was asked for. Whether a number suits the
 * model is for whoever knows the model.
 * @throws UserError wrong usage, see `usageError`
 */
export function readAnimateOptions(argv: readonly string[]): AnimateOptions | undefined {
  const given = readCommandLine(animateLine, argv);
  if (given === undefined) return undefined;
  const { values, words: pictures, warnings } = given;
  if (pictures.length === 0 || pictures.includes('')) {
    throw usageError('which picture? kinora animate --help tells the usage.');
  }
  const end = values.end === undefined ? undefined : readEnd(values.end);
  if ([...pictures, end].filter((picture) => picture === '-').length > 1) {
    throw usageError('standard input (-) is one picture, and was named twice.');
  }
  const preset = values.preset === undefined ? undefined : readName('preset', values.preset, presetNames);
  const { fit = defaultsOf(clipForm).fit, format: asked, ...form } = readSettings(clipForm, values);
  // A file's name has to say its format before there is a clip.
  if (asked === 'auto') throw usageError(`--format must be one of ${clipFormats.join(', ')}, not "auto".`);
  const { clips, format } = planClips({
    pictures,
    output: values.output,
    framesDir: readPath('frames-dir', values['frames-dir']),
    format: asked,
  });
  const { playbackFps } = preset === undefined ? {} : presets[preset];
  return {
    clips,
    end,
    preview: values.preview === undefined ? undefined : readPreview(values.preview),
    pick: readPick(values.pick, { variations: form.variations, pictures: pictures.length }),
    maxPixels: readOption(
      'max-pixels',
      heldWholeNumber({ from: 1, to: 10_000_000_000 }),
      values['max-pixels'] ?? '100000000',
    ),
    modelDir: readPath('model', values.model),
    loras: values.lora?.map(readLora),
    styleDir: readPath('style-dir', values['style-dir']),
    preset,
    execution: readSettings(executionSettings, values),
    fit,
    form: { ...(playbackFps !== undefined && { playbackFps }), ...form, format },
    settings: readSettings(imageToVideo, values),
    json: values.json,
    warnings,
  };
}

function readEnd(picture: string): string {
  if (picture === '') throw usageError('--end must name a picture.');
  return absolute(picture);
}

function readPick(
  pick: string | undefined,
  { variations, pictures }: { variations: number | undefined; pictures: number },
): number[] | undefined {
  if (variations !== undefined && pictures > 1) throw usageError('--variations takes one picture at a time.');
  if (pick === undefined) return undefined;
  if (variations === undefined) throw usageError('--pick goes with --variations.');
  const picks = readPicks(pick, variations);
  if (picks === undefined)
    throw usageError(`--pick must be numbers from 1 to ${variations}, such as 2 or 1,2, not "${pick}".`);
  return picks;
}

/** Numbers such as `1,3`, each once; undefined where they are none of so many. */
export function readPicks(text: string, count: number): number[] | undefined {
  const words = text.split(',').map((word) => word.trim());
  const isNumber = (word: string) => /^\d$/.test(word) && Number(word) >= 1 && Number(word) <= count;
  return words.every(isNumber) ? [...new Set(words.map(Number))] : undefined;
}

function readPreview(file: string): string {
  if (/[^/\\]\.webp$/i.test(file)) return resolve(file);
  throw usageError(`--preview must name a file that ends in .webp, not "${file}".`);
}

function readLora(value: string): NamedLora {
  const lora = readLoraOption(value);
  if (lora !== undefined) return { ...lora, file: resolve(lora.file) };
  throw usageError(`--lora must be FILE.safetensors or FILE.safetensors:SCALE, not "${value}".`);
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
