import type { Variable } from './variables.ts';

/** How many of a variable's unit, which its name ends with, one of another unit is. */
const unitsOf: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  SECONDS: { ms: 1 / 1000, s: 1, sec: 1, second: 1, m: 60, min: 60, minute: 60, h: 3_600, hour: 3_600, d: 86_400 },
  MINUTES: { ms: 1 / 60_000, s: 1 / 60, second: 1 / 60, m: 1, min: 1, minute: 1, h: 60, hour: 60 },
  HOURS: { s: 1 / 3_600, second: 1 / 3_600, min: 1 / 60, h: 1, hour: 1, d: 24, day: 24, w: 168, week: 168 },
  MB: { b: 2 ** -20, byte: 2 ** -20, kb: 1 / 1024, m: 1, mb: 1, mib: 1, gb: 1024, gib: 1024 },
  MEGAPIXELS: { pixel: 1e-6, m: 1, mp: 1, megapixel: 1 },
  PERCENT: { fraction: 100, '%': 1, percent: 1 },
};

/** Of a bare number that is out of range: the units that it may have been meant in. */
const bareUnits: Readonly<Record<string, readonly string[]>> = {
  SECONDS: ['ms'],
  MINUTES: ['second', 'ms'],
  HOURS: ['second'],
  MB: ['byte'],
  MEGAPIXELS: ['pixel'],
  PERCENT: ['fraction'],
};

/**
 * A value that was written in another unit, or with one (`20MB`, `5m`, `0.7`), in the variable's own; undefined where it is
 * nothing of the kind, or would not be valid either.
 */
export function inUnitOf(name: string, given: { variable: Variable; text: string | undefined }): string | undefined {
  const unit = name.slice(name.lastIndexOf('_') + 1);
  const units = unitsOf[unit];
  const [, digits, suffix] = /^(\d*\.?\d+)\s*([a-z]+|%)?$/i.exec(given.text ?? '') ?? [];
  if (units === undefined || digits === undefined) return undefined;
  const candidates = suffix === undefined ? bareUnits[unit]! : [suffix.toLowerCase().replace(/(?<=..)s$/, '')];
  for (const candidate of candidates) {
    const value = String(
      Math.round(Number(digits) * (Object.hasOwn(units, candidate) ? units[candidate]! : Number.NaN)),
    );
    // Rounded to nothing, it was not meant so.
    if (value !== '0' && given.variable.schema.safeParse(value).success) return value;
  }
  return undefined;
}
