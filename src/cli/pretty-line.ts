import { styleText } from 'node:util';

/** How {@link prettyLine} writes. */
export interface PrettyOptions {
  hasColours: boolean;
}

type Style = Parameters<typeof styleText>[0];

const levelStyles: Readonly<Record<string, Style>> = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' };

interface LoggedError {
  type?: string;
  code?: unknown;
  message?: string;
  stack?: string;
  cause?: LoggedError;
}

/** A line of the log as people read it: time of day, level, sentence, fields; below it an error with its causes. */
export function prettyLine(line: string, { hasColours }: PrettyOptions): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const styled = (style: Style, text: string) =>
    hasColours ? styleText(style, text, { validateStream: false }) : text;
  const word = styled(levelStyles[String(level)] ?? 'gray', String(level).toUpperCase().padEnd(5));
  const clock = styled('gray', timeOfDay(String(time)));
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${written(value)}`);
  const head = [clock, word, String(msg), styled('gray', rest.join(' '))].filter((part) => part !== '').join(' ');
  return `${head}\n${err === undefined ? '' : errorLines(err as LoggedError)}`;
}

function timeOfDay(time: string): string {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function written(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return /[\s"=]/.test(text) && typeof value === 'string' ? JSON.stringify(text) : text;
}

function errorLines({ type = 'Error', code, message = '', stack, cause }: LoggedError): string {
  const head = `${type}${code === undefined ? '' : ` (${code})`}: ${message}`;
  const calls = (stack ?? '').split('\n').filter((text) => /^\s+at /.test(text));
  const own = [head, ...calls.map((text) => text.trim())].map((text) => `    ${text}\n`).join('');
  return cause === undefined ? own : `${own}    caused by\n${errorLines(cause)}`;
}
