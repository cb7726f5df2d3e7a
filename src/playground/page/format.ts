import type { PageMessages } from './messages/page-messages.ts';

/** A point in time and how it is written; `style` is a letter of Discord's `<t:UNIX:STYLE>`. */
interface Timestamp {
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

/** The timestamp in words: `in 12 seconds` for style `R`, else a date or a time. */
function formatTimestamp({ unixSeconds, style, locale, nowMs }: Timestamp): string {
  if (style !== 'R') return new Intl.DateTimeFormat(locale, formats[style] ?? formats.f).format(unixSeconds * 1000);
  const left = unixSeconds - Math.floor(nowMs / 1000);
  const [unit, seconds] = units.find(([, size]) => Math.abs(left) >= size) ?? (['second', 1] as const);
  return new Intl.RelativeTimeFormat(locale, { numeric: 'always' }).format(Math.trunc(left / seconds), unit);
}

const dayMs = 86_400_000;

/** When a message was sent, as Discord writes it: `Today at 19:05`; `isShort`: the time alone. */
export function messageTime(
  timestamp: string,
  { locale, today, yesterday }: PageMessages,
  { isShort = false } = {},
): string {
  const moment = new Date(timestamp);
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(moment);
  if (isShort || isSameDay(moment, new Date())) return isShort ? time : today(time);
  if (isSameDay(moment, new Date(Date.now() - dayMs))) return yesterday(time);
  return new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' }).format(moment);
}

function isSameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}

const kilobyte = 1024;

/** `512 B`, `24 KB` or `1.5 MB`, as Discord writes sizes. */
export function byteSize(bytes: number): string {
  if (bytes < kilobyte) return `${bytes} B`;
  if (bytes < kilobyte ** 2) return `${Math.round(bytes / kilobyte)} KB`;
  return `${Number((bytes / kilobyte ** 2).toFixed(1))} MB`;
}

const everyMs = 1_000;

/** `<playground-timestamp unix="SECONDS" look="R" locale="es-ES">`: text as Discord writes it, updated every second. */
export class PlaygroundTimestamp extends HTMLElement {
  static readonly observedAttributes = ['unix', 'look', 'locale'];
  #timer: ReturnType<typeof setInterval> | undefined;

  connectedCallback(): void {
    this.#timer = setInterval(() => this.#show(), everyMs);
    this.#show();
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#show();
  }

  #show(): void {
    const unixSeconds = Number(this.getAttribute('unix'));
    const style = this.getAttribute('look') ?? 'f';
    const locale = this.getAttribute('locale') ?? 'en-US';
    const text = formatTimestamp({ unixSeconds, style, locale, nowMs: Date.now() });
    // Unchanged text is left alone: each change disturbs screen readers and selections.
    if (this.textContent !== text) this.textContent = text;
    this.title = formatTimestamp({ unixSeconds, style: 'F', locale, nowMs: Date.now() });
  }
}
