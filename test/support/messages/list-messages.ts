import { sampleValue, sampleValues } from './sample-values.ts';

/** A message with what it says. */
export interface ListedMessage {
  /** Its key, with dots: `queue.summary`. */
  key: string;
  /** The usual text first; then its singular, and the text without what may be missing, where they differ. */
  texts: string[];
}

type Write = (value: unknown) => string;
type Values = Readonly<Record<string, unknown>>;

/** The name of the first parameter of `(count) => …` or `queued(place) { … }`; one that is taken apart has none. */
const parameterName = /^(?:[\w$]+\s*\(|\()?\s*([\w$]+)\s*(?:[,)]|=>)/;

/** What a message is called with: the value of its parameter's name, else an object that has a value for every member. */
function argumentFor(write: Write, values: Values): unknown {
  const name = parameterName.exec(String(write))?.[1] ?? '';
  if (name in values) return values[name];
  // As a text itself, where the parameter's name is not known.
  return new Proxy(
    {},
    { get: (_, member) => (typeof member === 'string' ? sampleValue(values, member) : () => `‹${name}›`) },
  );
}

/** Numbers do not make another text. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '#');
}

/** A text that needs what is missing is never written so. */
const needsMore = /undefined|unknown/;

function textsOf(write: Write, [usual = {}, ...others]: readonly Values[]): string[] {
  const textWith = (values: Values) => write(argumentFor(write, values));
  const texts = [textWith(usual), ...others.map(textWith).filter((text) => !needsMore.test(text))];
  return texts.filter(
    (text, index) => texts.findIndex((other) => withoutNumbers(other) === withoutNumbers(text)) === index,
  );
}

/** Every message of a language in the order of its file, written with sample values. `own` goes before those. */
export function listMessages(messages: object, { language, own }: { language: string; own?: Values }): ListedMessage[] {
  const variants = sampleValues(language, own);
  const list = (value: unknown, key: string): ListedMessage[] => {
    if (typeof value === 'string') return [{ key, texts: [value] }];
    if (typeof value === 'function') return [{ key, texts: textsOf(value as Write, variants) }];
    if (typeof value !== 'object' || value === null) throw new TypeError(`${key} is neither a text nor makes one.`);
    return Object.entries(value).flatMap(([name, inner]) => list(inner, key === '' ? name : `${key}.${name}`));
  };
  return list(messages, '');
}
