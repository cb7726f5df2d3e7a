import { z } from 'zod';
import type { FlatValue, flag, interval, Kind, ModelLimits, number, Range, seed, wholeNumber } from './kinds.ts';
import type { style } from './style.ts';

/** An option of `kinora animate`. */
interface CommandLineOption {
  name: string;
  /** What stands for the value in the help text, such as `N`. Absent: a switch. */
  value?: string;
  help: string;
  /** Its name in the last version: still taken, with a warning. */
  oldName?: string;
}

/** An option of `/animate`. Its name and description for people are in `src/bot/languages`, by this name. */
export interface DiscordOption {
  name: string;
  /** It is also a field of the form behind ✏️, which holds five at most. */
  isInForm?: true;
}

/** An option of `/animate` that takes whole numbers. */
export interface DiscordNumber extends DiscordOption {
  /** Often narrower than what the model takes. */
  range: Range | ((limits: DiscordLimits) => Range);
  /** Values that have names: proposed while somebody types, and taken by the command line too. */
  named?: Readonly<Record<string, number>>;
}

/** The limits that Discord's ranges may depend on. */
export type DiscordLimits = Pick<ModelLimits, 'maxFrames' | 'maxSteps'>;

interface Common {
  /** As an argument of diffusers' `StableVideoDiffusionPipeline.__call__`; a model's kinora.json may propose a value under it. */
  diffusersName?: string;
  /** What it is where nobody chooses; see {@link Common.isFromModel}. */
  default?: unknown;
  /** Its default is read from the model's configs. */
  isFromModel?: true;
  /** It may be left out of a whole set of settings. */
  isOptional?: true;
  /** Names that earlier versions stored it and wrote it into clips under. */
  oldKeys?: readonly string[];
  option?: CommandLineOption;
  /** The environment's variable, and its value that stands for nothing chosen. */
  variable?: { name: string; unset?: string | number };
}

/** All that is said about one setting. Its key in the table is its name in the code, in stored jobs and in clips' files. */
export type Declaration = Common &
  (
    | { type: ReturnType<typeof wholeNumber | typeof seed>; discord?: DiscordNumber }
    | {
        type: (Kind<'name', string> & { names: readonly string[] }) | ReturnType<typeof flag | typeof style>;
        discord?: DiscordOption;
      }
    // A command of Discord's has no options for these yet.
    | { type: ReturnType<typeof number | typeof interval>; discord?: never }
  );

/** Settings by name. */
export type Declarations = Readonly<Record<string, Declaration>>;

type Shape<Table extends Declarations> = {
  -readonly [Name in keyof Table]: Table[Name] extends { isOptional: true }
    ? z.ZodExactOptional<Table[Name]['type']['schema']>
    : Table[Name]['type']['schema'];
};

/** Values of a table's settings; each may be missing. */
export type ValuesOf<Table extends Declarations> = {
  -readonly [Name in keyof Table]?: z.output<Table[Name]['type']['schema']>;
};

/** The shape of a whole set of settings, for `z.strictObject`. */
export function shapeOf<Table extends Declarations>(table: Table): Shape<Table> {
  return Object.fromEntries(
    Object.entries(table).map(([name, { type, isOptional }]) => [
      name,
      isOptional ? z.exactOptional(type.schema) : type.schema,
    ]),
  ) as Shape<Table>;
}

type Defaults<Table extends Declarations> = {
  -readonly [Name in keyof Table as Table[Name] extends { default: unknown } ? Name : never]: z.output<
    Table[Name]['type']['schema']
  >;
};

/** The defaults that a table declares. */
export function defaultsOf<Table extends Declarations>(table: Table): Defaults<Table> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  ) as Defaults<Table>;
}

/** Values by name, whatever their kind; some may be missing. */
export type SettingValues = Readonly<Record<string, unknown>>;

/** The settings of a table that have values, with both, in the table's order. */
function withValues(table: Declarations, values: SettingValues): [string, Declaration, unknown][] {
  return Object.entries(table).flatMap(([name, declaration]) => {
    const value = values[name];
    return value === undefined ? [] : [[name, declaration, value]];
  });
}

/**
 * Holds each value that is there against its range. Errors call it as the command line does.
 * @throws UserError `settings-invalid` or `settings-invalid-name`, naming the setting, what it may be and the value
 */
export function checkRanges(table: Declarations, values: SettingValues, limits: ModelLimits): void {
  for (const [name, { type, option }, value] of withValues(table, values)) {
    (type as Kind<string, unknown>).check(option?.name ?? name, value, limits);
  }
}

/** Values as metadata and command lines carry them. */
export function written(table: Declarations, values: SettingValues): Record<string, FlatValue> {
  return Object.fromEntries(
    withValues(table, values).map(([name, { type }, value]) => [name, (type as Kind<string, unknown>).write(value)]),
  );
}

/** By the names of earlier versions, today's. */
type CurrentNames = ReadonlyMap<string, string>;

/** The names that settings once had, for {@link withCurrentNames}. */
export function currentNames(table: Declarations): CurrentNames {
  return new Map(Object.entries(table).flatMap(([name, { oldKeys = [] }]) => oldKeys.map((oldKey) => [oldKey, name])));
}

/** Values of which some may stand under the names of earlier versions, under today's. */
export function withCurrentNames<Value>(
  names: CurrentNames,
  values: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [names.get(name) ?? name, value]));
}

/** What was stored, maybe by an earlier version, in the shape of `schema`. */
export function stored<Schema extends z.ZodType>(table: Declarations, schema: Schema) {
  const names = currentNames(table);
  return z.preprocess(
    (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? withCurrentNames(names, value as SettingValues)
        : value,
    schema,
  );
}
