import { randomInt } from 'node:crypto';
import { UserError } from '../errors.ts';
import {
  clipFormats,
  fitNames,
  type JobSettings,
  loopNames,
  type ModelCapabilities,
  shapeNames,
} from '../storage/job.ts';
import { torchSeed } from '../util/torch-seed.ts';
import type { ClipRequest } from './enqueue-from-interaction.ts';

/** Seeds are those of `torch.manual_seed` that fit 32 bits. */
export const seedCount = 2 ** 32;

/** Motion by name. 127 is what models were trained around. */
export const motions = { subtle: 60, normal: 127, strong: 180, wild: 240 } as const;

/** Recipes that fix the clip's size: with them the shape is only what was asked for. */
export const presetsOfOneSize: ReadonlySet<string> = new Set(['notebook']);

/** Options with a list of choices; the first is what is taken where none is chosen, unless the model has its own loop. */
export const choiceLists = {
  shape: shapeNames,
  fit: fitNames,
  loop: loopNames,
  format: clipFormats,
} as const satisfies Record<string, readonly string[]>;

type Range = Readonly<Record<'min' | 'max', number>>;

/** The whole numbers that `/animate` takes, and their ranges. */
export function animateRanges({ limits }: ModelCapabilities) {
  return {
    motion: { min: 1, max: 255 },
    // As far as Discord's whole numbers go; torch takes their lowest 32 bits.
    seed: { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER },
    steps: { min: 1, max: limits.maxSteps },
    fps: { min: 1, max: 30 },
    length: { min: Math.min(2, limits.maxFrames), max: limits.maxFrames },
  } as const satisfies Record<string, Range>;
}

/** A number that a person chose. */
export type NumberOption = keyof ReturnType<typeof animateRanges>;

/** The settings behind the numbers of `/animate`. */
const settingOf = {
  motion: 'motionBucketId',
  seed: 'seed',
  steps: 'numInferenceSteps',
  fps: 'fps',
  length: 'numFrames',
} as const satisfies Record<NumberOption, keyof JobSettings>;

/**
 * Settings from numbers that a person chose; those left out stay out.
 *
 * @throws UserError `option-range`: Discord checks ranges too, but by the declaration it knew when the person typed
 */
export function settingsFrom(
  numbers: Readonly<Partial<Record<NumberOption, number | null>>>,
  model: ModelCapabilities,
): JobSettings {
  const ranges = animateRanges(model);
  const settings: JobSettings = {};
  for (const option of Object.keys(settingOf) as NumberOption[]) {
    const value = numbers[option] ?? null;
    if (value === null) continue;
    const { min, max } = ranges[option];
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new UserError('option-range', `${option} must be from ${min} to ${max}.`, {
        details: { option, min, max },
      });
    }
    settings[settingOf[option]] = option === 'seed' ? torchSeed(String(value))! : value;
  }
  return settings;
}

/** Looks up what was typed, as discord.js does; null where nothing was. */
export interface TypedOptions {
  getInteger(name: string): number | null;
  getString(name: string): string | null;
  getBoolean(name: string): boolean | null;
}

const nothingTyped: TypedOptions = { getInteger: () => null, getString: () => null, getBoolean: () => null };

/**
 * What a person asked `/animate` for; a seed left out is drawn here, so that a repeated job gives the same clip.
 *
 * @throws UserError `option-range`, `preset-unknown`
 */
export function readAnimateOptions(
  options: TypedOptions,
  model: ModelCapabilities,
  defaultPreset?: string,
): ClipRequest {
  const numbers = Object.fromEntries(
    (Object.keys(settingOf) as NumberOption[]).map((option) => [option, options.getInteger(option)]),
  );
  const chosen = settingsFrom(numbers, model);
  const preset = options.getString('preset') ?? defaultPreset;
  const recipe = presetSettings(preset, model);
  const hasOneSize = preset !== undefined && presetsOfOneSize.has(preset);
  const shape = choose('shape', options, shapeNames) ?? (hasOneSize ? undefined : shapeNames[0]);
  return {
    settings: { ...recipe, ...chosen, seed: chosen.seed ?? randomInt(seedCount) },
    fit: choose('fit', options, fitNames) ?? fitNames[0],
    form: {
      ...(shape !== undefined && { shape }),
      format: choose('format', options, clipFormats) ?? clipFormats[0],
      loop: choose('loop', options, loopNames) ?? model.loop ?? loopNames[0],
      smooth: options.getBoolean('smooth') ?? false,
    },
  };
}

/** The request of somebody who chose nothing but a picture. */
export function defaultRequest(model: ModelCapabilities, defaultPreset?: string): ClipRequest {
  return readAnimateOptions(nothingTyped, model, defaultPreset);
}

function presetSettings(name: string | undefined, { presets = {} }: ModelCapabilities): JobSettings {
  if (name === undefined) return {};
  const recipe = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (recipe === undefined) throw new UserError('preset-unknown', `There is no preset ${name}.`, { details: { name } });
  return recipe;
}

/** Discord sends only names that were declared; an older declaration may have had others. */
function choose<Name extends string>(option: string, options: TypedOptions, names: readonly Name[]): Name | undefined {
  const value = options.getString(option);
  return names.find((name) => name === value);
}
