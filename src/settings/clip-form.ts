import { z } from 'zod';
import { type Declarations, shapeOf, stored } from './declaration.ts';
import { flag, heldWholeNumber, oneOf } from './kinds.ts';
import { style } from './style.ts';
import { variationRange } from './variations.ts';

/** How a picture is brought to the model's shape. */
const fitNames = ['crop', 'pad', 'stretch'] as const;
export type FitName = (typeof fitNames)[number];

/** Shapes of clips; `auto` is the picture's own. */
const shapeNames = ['auto', 'landscape', 'portrait', 'square'] as const;
export type ShapeName = (typeof shapeNames)[number];

/**
 * How a clip is made to repeat without a jump. `seamless`: the model makes it end as it begins, for twice the work; the
 * others are made of any clip's frames.
 */
export const loopNames = ['none', 'ping-pong', 'crossfade', 'seamless'] as const;
export type LoopName = (typeof loopNames)[number];

/** How many times as wide and tall a clip can be made; names, since nothing between them can be chosen. */
const upscaleNames = ['2', '4'] as const;

/** Networks that enlarge, by what they were trained on. */
const upscalerNames = ['photo', 'drawing'] as const;

/** File formats of a clip; also their file extensions. */
export const clipFormats = ['mp4', 'gif', 'webp'] as const;
export type ClipFormat = (typeof clipFormats)[number];

/** Formats that may be asked for; `auto` is {@link automaticFormat}'s. */
export const formatNames = ['auto', ...clipFormats] as const;

/**
 * The format of a clip for which none was chosen. Discord's clients play no MP4 by themselves and repeat none, but
 * animated pictures: so a loop is one, and everything else the much smaller MP4.
 */
export function automaticFormat(loop: LoopName): ClipFormat {
  return loop === 'none' ? 'mp4' : 'webp';
}

/**
 * How the picture goes in and what is made of the frames, in the order of options. In Discord the first name of a list is
 * taken where none is chosen, unless the model has its own loop.
 */
export const clipForm = {
  /** Frames per second that the file plays at, before smoothing; left out: as many as the model was told. */
  playbackFps: {
    type: heldWholeNumber({ from: 1, to: 120 }),
    isOptional: true,
    option: {
      name: 'playback-fps',
      value: 'N',
      help: 'frames per second that the clip plays at, 1 to 120 (--fps; 10 with the preset notebook)',
    },
  },
  /** Chooses width and height, with the area of those asked for; left out: they are as asked for. */
  shape: {
    type: oneOf(shapeNames),
    isOptional: true,
    option: {
      name: 'shape',
      value: 'NAME',
      help: `chooses width and height: ${shapeNames.join(', ')} (auto where no size is asked for)`,
    },
    discord: { name: 'shape' },
  },
  fit: {
    type: oneOf(fitNames),
    default: 'crop',
    option: {
      name: 'fit',
      value: 'NAME',
      help: `how the picture takes the clip's shape: ${fitNames.join(', ')} (crop)`,
    },
    discord: { name: 'fit' },
  },
  /** A network that the picture goes through before it is animated; left out: none. */
  style: {
    type: style(),
    isOptional: true,
    option: { name: 'style', value: 'NAME', help: 'a network of STYLE_DIR that redraws the picture first' },
    discord: { name: 'style' },
  },
  loop: {
    type: oneOf(loopNames),
    isFromModel: true,
    option: { name: 'loop', value: 'NAME', help: `how the clip repeats: ${loopNames.join(', ')} (the model's own)` },
    discord: { name: 'loop', isInForm: true },
  },
  /** Raises the frame rate to 24 by interpolation. */
  smooth: {
    type: flag(),
    default: false,
    option: { name: 'smooth', help: 'compute frames in between, up to 24 per second' },
    discord: { name: 'smooth' },
  },
  /** Frames in between in another number; goes before `smooth`. See {@link targetFps}. */
  interpolate: {
    type: heldWholeNumber({ from: 2, to: 60 }),
    isOptional: true,
    option: {
      name: 'interpolate',
      value: 'N',
      help: 'compute frames in between: 2, 3 or 4 times as many, or up to N per second, 5 to 60',
    },
  },
  /** Enlarges what is shown otherwise, by a network; left out: it is not. */
  upscale: {
    type: oneOf(upscaleNames),
    isOptional: true,
    option: { name: 'upscale', value: 'N', help: `makes the clip ${upscaleNames.join(' or ')} times as wide and tall` },
    discord: { name: 'upscale' },
  },
  /** The network for that; left out: the one for photos. */
  upscaler: {
    type: oneOf(upscalerNames),
    isOptional: true,
    option: {
      name: 'upscaler',
      value: 'NAME',
      help: `what --upscale was trained on: ${upscalerNames.join(', ')} (photo)`,
    },
    discord: { name: 'upscaler' },
  },
  format: {
    type: oneOf(formatNames),
    default: 'mp4',
    option: { name: 'format', value: 'NAME', help: `${clipFormats.join(', ')} (as the output's name says, else mp4)` },
    discord: { name: 'format' },
  },
  /** Several seeds are begun, and shown side by side to pick from, in place of one clip; left out: one clip. */
  variations: {
    type: heldWholeNumber(variationRange),
    isOptional: true,
    option: {
      name: 'variations',
      value: 'N',
      help: 'begins N seeds, 2 to 4, and shows them side by side in one file to --pick from; takes 0.4 N clips, then 0.6 a pick',
    },
    discord: { name: 'variations', range: variationRange },
  },
} as const satisfies Declarations;

const { fit, ...form } = shapeOf(clipForm);

/** How a picture is brought to the model's shape; goes beside the form, since only the form can be changed afterwards. */
export const fitSchema = fit;

const clipFormSchema = z.strictObject(form);

/** The form of a finished file, in messages between processes. */
export const fileFormSchema = clipFormSchema.extend({ format: z.enum(clipFormats) });

/** The shape of what may be asked for; each may be left out. */
export const partialFormSchema = clipFormSchema.exactPartial();

/** The same as stored, maybe under names of earlier versions. Names that this version does not know are refused. */
export const storedFormSchema = stored(clipForm, partialFormSchema);

/** What is made of the frames; {@link clipForm} says what each is. */
export type ClipForm = z.output<typeof clipFormSchema>;

/** Up to here `interpolate` is a factor, beyond it frames per second. */
const maxFactor = 4;

/** No clip is interpolated beyond so many frames per second. */
const maxInterpolatedFps = 60;

/** Frames per second of a smoothed clip. */
const smoothFps = 24;

/** The frame rate that a form asks for; `fps`, what the clip plays at without it, where it asks for none or for less. */
export function targetFps({ smooth, interpolate }: Pick<ClipForm, 'smooth' | 'interpolate'>, fps: number): number {
  if (interpolate === undefined) return smooth ? Math.max(fps, smoothFps) : fps;
  const wanted = interpolate <= maxFactor ? interpolate * fps : interpolate;
  return Math.max(fps, Math.min(wanted, maxInterpolatedFps));
}

/** What was made of the frames: the format is one. */
export type FileForm = z.output<typeof fileFormSchema>;
