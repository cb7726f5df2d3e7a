/** A moment and how it is written; `style` is a letter of Discord's `<t:UNIX:STYLE>`. */
export interface Moment {
  unixSeconds: number;
  style: string;
  locale: string;
  nowMs: number;
}

const units = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

const formats: Readonly<Record<string, Intl.DateTimeFormatOptions>> = {
  t: { timeStyle: 'short' },
  T: { timeStyle: 'medium' },
  d: { dateStyle: 'short' },
  D: { dateStyle: 'long' },
  f: { dateStyle: 'long', timeStyle: 'short' },
  F: { dateStyle: 'full', timeStyle: 'short' },
};

/** The moment in words: `in 12 seconds` for style `R`, else a date or a time. */
export function formatMoment({ unixSeconds, style, locale, nowMs }: Moment): string {
  if (style !== 'R') return new Intl.DateTimeFormat(locale, formats[style] ?? formats.f).format(unixSeconds * 1000);
  const left = unixSeconds - Math.floor(nowMs / 1000);
  const [unit, seconds] = units.find(([, size]) => Math.abs(left) >= size) ?? (['second', 1] as const);
  return new Intl.RelativeTimeFormat(locale, { numeric: 'always' }).format(Math.trunc(left / seconds), unit);
}
