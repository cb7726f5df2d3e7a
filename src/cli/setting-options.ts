import type { Declarations, ValuesOf } from '../settings/declaration.ts';
import type { Kind } from '../settings/kinds.ts';
import type { OptionDeclaration } from './command-line.ts';
import { usageError } from './usage-error.ts';

/** The options of a table's settings. */
type OptionsOf<Table extends Declarations> = {
  [Name in keyof Table as Table[Name] extends { option: { name: infer Option extends string } }
    ? Option
    : never]: Table[Name] extends { option: infer Option extends OptionDeclaration } ? Option : never;
};

export function optionsOf<Table extends Declarations>(table: Table): OptionsOf<Table> {
  return Object.fromEntries(
    Object.values(table).flatMap(({ option }) => (option === undefined ? [] : [[option.name, option]])),
  ) as unknown as OptionsOf<Table>;
}

/**
 * The settings of a table that were asked for; switches say yes or no by themselves.
 * @throws UserError a value is none of its kind
 */
export function readSettings<Table extends Declarations>(
  table: Table,
  values: Record<string, unknown>,
): ValuesOf<Table> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([setting, { type, option, discord }]) => {
      const typed = option && values[option.name];
      if (option === undefined || typed === undefined) return [];
      if (typeof typed !== 'string') return [[setting, typed]];
      const named = discord && 'named' in discord ? discord.named : undefined;
      return [[setting, readOption<unknown>(option.name, named ? withNames(type, named) : type, typed)]];
    }),
  ) as ValuesOf<Table>;
}

/** A kind of numbers of which some have names. */
function withNames(type: Pick<Kind<string, unknown>, 'read'>, named: Readonly<Record<string, number>>): typeof type {
  return {
    read(text) {
      if (Object.hasOwn(named, text)) return { value: named[text] };
      const reading = type.read(text);
      if ('value' in reading) return reading;
      return { ...reading, expected: `${reading.expected} or one of ${Object.keys(named).join(', ')}` };
    },
  };
}

export function readOption<Value>(option: string, type: Pick<Kind<string, Value>, 'read'>, text: string): Value {
  const reading = type.read(text);
  if ('value' in reading) return reading.value;
  throw usageError(`--${option} must be ${reading.expected}, not "${reading.found}".`);
}
