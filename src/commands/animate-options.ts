import { randomInt } from 'node:crypto';
import { UserError } from '../errors.ts';
import { clipForm } from '../settings/clip-form.ts';
import { type Declarations, defaultsOf, type ValuesOf } from '../settings/declaration.ts';
import { discordRange, type SettingOption, shownSettings } from '../settings/discord-options.ts';
import { imageToVideo } from '../settings/image-to-video.ts';
import type { FlatValue, Range } from '../settings/kinds.ts';
import { findStyle, styleId } from '../settings/style.ts';
import type { GuildSettings } from '../storage/guild-settings.ts';
import type { JobSettings, ModelCapabilities } from '../storage/job.ts';
import type { ClipRequest } from './enqueue-from-interaction.ts';

/** Seeds are those of `torch.manual_seed` that fit 32 bits. */
export const seedCount = 2 ** 32;

/** Recipes that fix the clip's size: with them the shape is only what was asked for. */
export const presetsOfOneSize: ReadonlySet<string> = new Set(['notebook']);

/** What somebody chose, by the names of `/animate`'s options; null or absent: nothing. */
export type ChosenValues = Readonly<Partial<Record<SettingOption, FlatValue | null>>>;

/**
 * Settings from what a person chose; those left out stay out.
 *
 * @throws UserError `option-range`: Discord checks ranges too, but by the declaration it knew when the person typed
 */
export function settingsFrom(chosen: ChosenValues, model: ModelCapabilities): JobSettings {
  return valuesFrom(imageToVideo, chosen, model);
}

/** @throws UserError `option-range`, as {@link settingsFrom} */
export function valuesFrom<Table extends Declarations>(
  table: Table,
  chosen: ChosenValues,
  { limits }: ModelCapabilities,
): ValuesOf<Table> {
  const values: Record<string, unknown> = {};
  for (const { setting, name, type, discord } of shownSettings(table)) {
    const value = chosen[name] ?? null;
    if (value === null) continue;
    if ('range' in discord) checkOption(name, value, discordRange(discord, limits));
    const reading = type.read(String(value));
    // Discord sends only names that were declared; an older declaration may have had others.
    if ('value' in reading) values[setting] = reading.value;
  }
  return values as ValuesOf<Table>;
}

function checkOption(option: string, value: FlatValue, { from: min, to: max }: Range): void {
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return;
  throw new UserError('option-range', `${option} must be from ${min} to ${max}.`, { details: { option, min, max } });
}

/** Looks up what was typed, as discord.js does; null where nothing was. */
export interface TypedOptions {
  getInteger(name: string): number | null;
  getString(name: string): string | null;
  getBoolean(name: string): boolean | null;
}

const nothingTyped: TypedOptions = { getInteger: () => null, getString: () => null, getBoolean: () => null };

/** What a server chose for who chooses nothing. */
export type RequestDefaults = Partial<Pick<GuildSettings, 'preset' | 'format'>>;

/**
 * What a person asked `/animate` for; a seed left out is drawn here, so that a repeated job gives the same clip.
 *
 * @throws UserError `option-range`, `preset-unknown`, `style-unknown`
 */
export function readAnimateOptions(
  options: TypedOptions,
  model: ModelCapabilities,
  defaults: RequestDefaults = {},
): ClipRequest {
  const chosen = settingsFrom(typedValues(imageToVideo, options), model);
  const { fit, style: _, ...form } = valuesFrom(clipForm, typedValues(clipForm, options), model);
  const style = options.getString('style');
  const preset = options.getString('preset') ?? defaults.preset;
  const recipe = presetSettings(preset, model);
  const hasOneSize = preset !== undefined && presetsOfOneSize.has(preset);
  const { fit: usualFit, ...usualForm } = defaultsOf(clipForm);
  return {
    settings: { ...recipe, ...chosen, seed: chosen.seed ?? randomInt(seedCount) },
    fit: fit ?? usualFit,
    form: {
      ...usualForm,
      ...(!hasOneSize && { shape: 'auto' }),
      loop: model.loop ?? 'none',
      format: defaults.format ?? 'auto',
      ...form,
      ...(style !== null && { style: styleId(findStyle(model.styles ?? [], style)) }),
    },
  };
}

/** What was typed for the settings of a table. */
function typedValues(table: Declarations, options: TypedOptions): ChosenValues {
  return Object.fromEntries(
    shownSettings(table).map(({ name, type: { kind } }) => {
      if (kind === 'flag') return [name, options.getBoolean(name)];
      return [name, kind === 'name' || kind === 'style' ? options.getString(name) : options.getInteger(name)];
    }),
  );
}

/** The model for a clip that ends as another picture: the loop of its own, which might come back to the first one, does not count. */
export function betweenPictures({ loop: _, ...model }: ModelCapabilities): ModelCapabilities {
  return model;
}

/** The request of somebody who chose nothing but a picture. */
export function defaultRequest(model: ModelCapabilities, defaults?: RequestDefaults): ClipRequest {
  return readAnimateOptions(nothingTyped, model, defaults);
}

function presetSettings(name: string | undefined, { presets = {} }: ModelCapabilities): JobSettings {
  if (name === undefined) return {};
  const recipe = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (recipe === undefined) throw new UserError('preset-unknown', `There is no preset ${name}.`, { details: { name } });
  return recipe;
}
