import { z } from 'zod';
import { UserError } from '../errors.ts';

/** Numbers that a setting takes, both ends included. */
export interface Range {
  from: number;
  to: number;
  /** 1: whole numbers; left out: any number. */
  multipleOf?: number;
}

/** What a model can do, as far as ranges of settings depend on it. */
export interface ModelLimits {
  /** Width and height are multiples of this many pixels. */
  sizeStep: number;
  minSize: number;
  maxSize: number;
  /** The frame count the model was trained for. */
  maxFrames: number;
  maxSteps: number;
}

/** A value as metadata, command lines and Discord's options carry it. */
export type FlatValue = string | number | boolean;

/** What became of a text: the value, or what should have stood there and what did. */
type Reading<Value> = { value: Value } | { expected: string; found: string };

/** How values of one kind are checked, read and written. */
export interface Kind<Name extends string, Value, Schema extends z.ZodType<Value> = z.ZodType<Value>> {
  kind: Name;
  /** The value's shape, without its range: a value outside it is refused by name, see {@link Kind.check}. */
  schema: Schema;
  /** Reads what was typed in a shell. */
  read(text: string): Reading<Value>;
  write(value: Value): FlatValue;
  /**
   * @param setting its name, for the message
   * @throws UserError `settings-invalid` or `settings-invalid-name`: what it may be, and the value
   */
  check(setting: string, value: Value, limits: ModelLimits): void;
  /** What it may be, for documentation. */
  describe(): string;
}

/** A range that is always the same, or that follows from the model's limits. */
export type RangeOf = Range | ((limits: ModelLimits) => Range);

/** A kind of numbers. */
type NumberKind<Name extends string> = Kind<Name, number, z.ZodNumber> & { range: RangeOf };

/** A number that need not be whole, or that is a multiple of something. */
export function number(range: RangeOf): NumberKind<'number'> {
  return { kind: 'number', ...numeric(range) };
}

/** A whole number. Ranges are of whole numbers by themselves. */
export function wholeNumber(range: RangeOf): NumberKind<'whole-number'> {
  const whole = (found: Range): Range => ({ ...found, multipleOf: 1 });
  const ofWholes = typeof range === 'function' ? (limits: ModelLimits) => whole(range(limits)) : whole(range);
  return { kind: 'whole-number', ...numeric(ofWholes) };
}

/** A whole number whose range is held wherever it is read: nothing else checks it. */
export function heldWholeNumber(range: Range): NumberKind<'whole-number'> {
  const kind = wholeNumber(range);
  const read = (text: string): Reading<number> => {
    const reading = kind.read(text);
    if (!('value' in reading) || fits(reading.value, { ...range, multipleOf: 1 })) return reading;
    return { expected: kind.describe(), found: text };
  };
  return { ...kind, schema: z.number().int().min(range.from).max(range.to), read };
}

function numeric(range: RangeOf): Omit<NumberKind<string>, 'kind'> {
  return {
    range,
    schema: z.number(),
    read: readNumber,
    write: (value) => value,
    check: (setting, value, limits) => checkRange(setting, value, typeof range === 'function' ? range(limits) : range),
    describe: () => (typeof range === 'function' ? 'what the model can do' : describeRange(range)),
  };
}

/** What `torch.manual_seed` takes: a signed or an unsigned number of 64 bits. */
const seedRange = { min: -(2n ** 63n), max: 2n ** 64n - 1n } as const;

/**
 * The seed that torch's CPU generator makes of a number: its lowest 32 bits, so that -1 is 4294967295.
 * @param text a whole number in digits, maybe with a sign
 * @returns 0…2^32−1; undefined where the text is no such number within {@link seedRange}
 */
function torchSeed(text: string): number | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const seed = BigInt(text.replace(/^\+/, ''));
  return seed < seedRange.min || seed > seedRange.max ? undefined : Number(BigInt.asUintN(32, seed));
}

/** A seed of `torch.manual_seed`: any number of 64 bits is read, its lowest 32 bits are the value. */
export function seed(): NumberKind<'seed'> {
  return {
    ...wholeNumber({ from: 0, to: 2 ** 32 - 1 }),
    kind: 'seed',
    read: (text) => {
      const value = torchSeed(text);
      const { min, max } = seedRange;
      return value === undefined ? { expected: `a whole number from ${min} to ${max}`, found: text } : { value };
    },
    describe: () => 'a whole number of 64 bits',
  };
}

/** One of a few names. */
export function oneOf<const Names extends readonly [string, ...string[]]>(
  names: Names,
): Kind<'name', Names[number], z.ZodEnum<{ [Name in Names[number]]: Name }>> & { names: Names } {
  const expected = `one of ${names.join(', ')}`;
  return {
    kind: 'name',
    names,
    schema: z.enum(names),
    read: (text) => {
      const value = names.find((name) => name === text);
      return value === undefined ? { expected, found: text } : { value };
    },
    write: (value) => value,
    check: (setting, value) => {
      if (names.includes(value)) return;
      throw new UserError('settings-invalid-name', `${setting} must be ${expected}, not ${value}.`, {
        details: { setting, value, names: names.join(', ') },
      });
    },
    describe: () => names.join(', '),
  };
}

const intervalSchema = z.tuple([z.number(), z.number()]).readonly();

/** Two numbers, the second not below the first; written `0.3,50`. */
export function interval({ from, to }: Range): Kind<'interval', readonly [number, number], typeof intervalSchema> {
  return {
    kind: 'interval',
    schema: intervalSchema,
    read: (text) => {
      const [low, high, ...more] = text.split(',');
      if (low === undefined || high === undefined || more.length > 0) {
        return { expected: 'two numbers such as 0.5,50', found: text };
      }
      const readings = [readNumber(low), readNumber(high)] as const;
      if (!('value' in readings[0])) return readings[0];
      return 'value' in readings[1] ? { value: [readings[0].value, readings[1].value] } : readings[1];
    },
    write: (value) => value.join(','),
    check: (setting, [low, high]) => {
      checkRange(setting, low, { from, to });
      checkRange(setting, high, { from: low, to });
    },
    describe: () => `two numbers from ${from} to ${to}`,
  };
}

/** On or off; on the command line an option without a value. */
export function flag(): Kind<'flag', boolean, z.ZodBoolean> {
  return {
    kind: 'flag',
    schema: z.boolean(),
    read: (text) =>
      text === 'true' || text === 'false' ? { value: text === 'true' } : { expected: 'true or false', found: text },
    write: (value) => value,
    check: () => {},
    describe: () => 'on or off',
  };
}

function readNumber(text: string): Reading<number> {
  // Number() alone would also take '', '0x10' and '1e9'.
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? { value: Number(text) } : { expected: 'a number', found: text };
}

function fits(value: number, { from, to, multipleOf }: Range): boolean {
  return value >= from && value <= to && (multipleOf === undefined || value % multipleOf === 0);
}

function describeRange({ from, to, multipleOf }: Range): string {
  const kind =
    multipleOf === undefined ? 'a number' : multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`;
  return `${kind} from ${from} to ${to}`;
}

function checkRange(setting: string, value: number, range: Range): void {
  if (fits(value, range)) return;
  const { from, to, multipleOf = 0 } = range;
  throw new UserError('settings-invalid', `${setting} must be ${describeRange(range)}, not ${value}.`, {
    details: { setting, value, from, to, multipleOf },
  });
}
