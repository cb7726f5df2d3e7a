import { SafetensorsError } from '../../errors.ts';
import { maxNameLength } from './format.ts';

const numberWord = /-?[0-9][0-9.eE+-]{0,63}/y;
const literal = /true|false|null/y;
/** What a string cannot hold, or not as it stands. */
const special = /[\\\p{Cc}]/u;

/** Nesting of values that are skipped; nothing that is read nests deeper than 3. */
const maxSkippedDepth = 16;

/** Where an error happened: the file, and the tensor where one is being read. */
interface Place {
  path: string;
  tensor?: string;
}

/** Makes the error that names the place; `code` is prefixed with `safetensors-`. */
export function safetensorsError(
  code: string,
  { path, tensor }: Place,
  problem: string,
  cause?: unknown,
): SafetensorsError {
  const subject = tensor === undefined ? path : `${path}: tensor ${JSON.stringify(tensor)}`;
  return new SafetensorsError(`safetensors-${code}`, `${subject}: ${problem}`, {
    details: tensor === undefined ? { path } : { path, tensor },
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Reads JSON from left to right, once. `JSON.parse` will not do for a hostile header: it silently keeps the last of two
 * equal keys, rounds large integers, and builds the whole value before any limit can be checked.
 */
export class JsonCursor {
  readonly place: Place;
  readonly #text: string;
  #at = 0;

  constructor(text: string, path: string) {
    this.#text = text;
    this.place = { path };
  }

  fail(code: string, problem: string): never {
    throw safetensorsError(code, this.place, problem);
  }

  /** Calls `onKey` at each value of the object that starts here; it must read or skip that value. */
  readObject(onKey: (key: string) => void): void {
    const seen = new Set<string>();
    this.#readList('{', '}', () => {
      const key = this.readString();
      if (seen.has(key)) this.fail('duplicate-key', `the key ${JSON.stringify(key)} occurs twice.`);
      seen.add(key);
      this.#expect(':');
      onKey(key);
    });
  }

  /** Calls `onItem` at each value of the array that starts here. */
  readArray(onItem: () => void): void {
    this.#readList('[', ']', onItem);
  }

  /** A string of at most `maxNameLength` units. */
  readString(): string {
    const value = this.#readQuoted(6 * maxNameLength); // every unit may stand as \uXXXX
    if (value.length > maxNameLength) this.#nameTooLong();
    return value;
  }

  /** A string as long as it likes. */
  readText(): string {
    return this.#readQuoted(this.#text.length);
  }

  /** An integer from 0 to 2^53−1, written without sign, fraction or exponent. */
  readInteger(what: string): number {
    const word = this.#readNumberWord();
    if (!/^(0|[1-9][0-9]*)$/.test(word)) this.fail('bad-number', `${what} is ${word}, not a whole number from 0.`);
    const value = Number(word);
    if (!Number.isSafeInteger(value)) this.fail('overflow', `${what} is ${word}, more than 2^53−1.`);
    return value;
  }

  /** Passes over one value of any kind. */
  skipValue(depth = 0): void {
    if (depth > maxSkippedDepth) this.fail('bad-json', `values nest deeper than ${maxSkippedDepth}.`);
    const next = this.#peek();
    if (next === '{') this.readObject(() => this.skipValue(depth + 1));
    else if (next === '[') this.readArray(() => this.skipValue(depth + 1));
    else if (next === '"') this.readText();
    else if (next !== undefined && /[-0-9]/.test(next)) this.#readNumberWord();
    else this.#skipLiteral();
  }

  /** Nothing but white space may follow. */
  expectEnd(): void {
    if (this.#peek() !== undefined) this.#unexpected('the end of the text');
  }

  #readList(open: string, close: string, readItem: () => void): void {
    this.#expect(open);
    if (this.#peek() === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      readItem();
      if (this.#peek() === close) break;
      this.#expect(',');
    }
    this.#at += 1;
  }

  #peek(): string | undefined {
    for (;;) {
      const next = this.#text[this.#at];
      if (next !== ' ' && next !== '\n' && next !== '\r' && next !== '\t') return next;
      this.#at += 1;
    }
  }

  #expect(character: string): void {
    if (this.#peek() !== character) this.#unexpected(character);
    this.#at += 1;
  }

  #readNumberWord(): string {
    this.#peek();
    return this.#readWord(numberWord, 'a number');
  }

  #readQuoted(longest: number): string {
    if (this.#peek() !== '"') this.#unexpected('a string');
    const start = this.#at;
    const firstQuote = this.#text.indexOf('"', start + 1);
    const simple = this.#text.slice(start + 1, firstQuote);
    if (firstQuote > start && simple.length <= longest && !special.test(simple)) {
      this.#at = firstQuote + 1;
      return simple;
    }
    let end = start + 1;
    while (this.#text[end] !== '"') {
      if (end >= this.#text.length) this.#unexpected('the end of a string', end);
      if (end - start > longest) this.#nameTooLong();
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#at = end + 1;
    return this.#parseString(this.#text.slice(start, end + 1));
  }

  #nameTooLong(): never {
    return this.fail('name-too-long', `a name is longer than ${maxNameLength} characters.`);
  }

  #skipLiteral(): void {
    this.#readWord(literal, 'a value');
  }

  #readWord(pattern: RegExp, wanted: string): string {
    pattern.lastIndex = this.#at;
    const word = pattern.exec(this.#text)?.[0];
    if (word === undefined) this.#unexpected(wanted);
    this.#at += word.length;
    return word;
  }

  #parseString(quoted: string): string {
    try {
      const value: unknown = JSON.parse(quoted); // escapes and control characters, by the one who knows them all
      if (typeof value === 'string') return value;
    } catch {
      // Falls through to the error that names the file.
    }
    return this.fail('bad-json', 'a string holds an escape or a control character that JSON does not allow.');
  }

  #unexpected(wanted: string, at = this.#at): never {
    const found = this.#text[at];
    const what = found === undefined ? 'the text ends' : `${JSON.stringify(found)} stands`;
    return this.fail('bad-json', `${what} at character ${at} where ${wanted} should be.`);
  }
}
