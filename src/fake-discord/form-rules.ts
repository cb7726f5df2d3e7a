import type { Json, JsonObject } from './payloads.ts';
import { Refusal } from './refusal.ts';

interface Problem {
  path: readonly string[];
  code: string;
  message: string;
}

/** Checks one value of a request body and adds what is wrong with it to `found`. */
export type Rule = (value: Json, path: readonly string[], found: Problem[]) => void;

/** A string of `min` to `max` characters. */
export function text({ min = 0, max, pattern }: { min?: number; max: number; pattern?: RegExp }): Rule {
  return (value, path, found) => {
    if (typeof value !== 'string') found.push({ path, code: 'BASE_TYPE_STRING', message: 'Must be a string.' });
    else if ([...value].length < min || [...value].length > max) {
      found.push({ path, code: 'BASE_TYPE_BAD_LENGTH', message: `Must be between ${min} and ${max} in length.` });
    } else if (pattern && !pattern.test(value)) {
      found.push({ path, code: 'STRING_TYPE_REGEX', message: `Must match ${pattern}.` });
    }
  };
}

/** A number from `min` to `max`; integers only unless `fractions`. */
export function number({ min, max, fractions = false }: { min: number; max: number; fractions?: boolean }): Rule {
  return (value, path, found) => {
    if (typeof value !== 'number' || (!fractions && !Number.isInteger(value))) {
      found.push({ path, code: 'NUMBER_TYPE_COERCE', message: `Value is not ${fractions ? 'a number' : 'int'}.` });
    } else if (value < min || value > max) {
      found.push({ path, code: 'NUMBER_TYPE_RANGE', message: `Must be between ${min} and ${max}.` });
    }
  };
}

/** One of the given literals. */
export function choice(...values: readonly Json[]): Rule {
  return (value, path, found) => {
    if (!values.includes(value)) {
      found.push({ path, code: 'BASE_TYPE_CHOICES', message: `Must be one of ${values.join(', ')}.` });
    }
  };
}

/** true or false. */
export const truth: Rule = (value, path, found) => {
  if (typeof value !== 'boolean') found.push({ path, code: 'BOOLEAN_TYPE_CONVERT', message: 'Must be true or false.' });
};

/** An id, or the index of an uploaded file. */
export const id: Rule = text({ min: 1, max: 20, pattern: /^\d+$/ });

/** `file_types` of an attachment option or a file upload: groups or extensions with their dot. */
export const fileTypes: Rule = (value, path, found) =>
  list(text({ min: 1, max: 16, pattern: /^(image|video|audio|\..+)$/ }), { max: 10 })(value, path, found);

/** null or what `rule` allows. */
export function orNull(rule: Rule): Rule {
  return (value, path, found) => {
    if (value !== null) rule(value, path, found);
  };
}

/** A list of `min` to `max` values. */
export function list(rule: Rule, { min = 0, max }: { min?: number; max: number }): Rule {
  return (value, path, found) => {
    if (!Array.isArray(value)) {
      found.push({ path, code: 'LIST_TYPE_CONVERT', message: 'Must be a list.' });
      return;
    }
    if (value.length < min || value.length > max) {
      found.push({ path, code: 'BASE_TYPE_BAD_LENGTH', message: `Must be between ${min} and ${max} in length.` });
    }
    for (const [index, item] of value.entries()) rule(item, [...path, String(index)], found);
  };
}

/** A mapping with free keys. */
export function mapping(rule: Rule): Rule {
  return (value, path, found) => {
    if (!isObject(value)) found.push({ path, code: 'DICT_TYPE_CONVERT', message: 'Must be a mapping.' });
    else for (const [key, item] of Object.entries(value)) rule(item ?? null, [...path, key], found);
  };
}

/**
 * An object with exactly these fields. Discord passes over fields that it does not know;
 * the stand-in does not, because such a field is a mistake or something that the stand-in fails to imitate.
 */
export function fields(rules: Readonly<Record<string, Rule>>, required: readonly string[] = []): Rule {
  return (value, path, found) => {
    if (!isObject(value)) {
      found.push({ path, code: 'DICT_TYPE_CONVERT', message: 'Only dictionaries may be used here.' });
      return;
    }
    for (const name of required) {
      if (value[name] === undefined) {
        found.push({ path: [...path, name], code: 'BASE_TYPE_REQUIRED', message: 'This field is required' });
      }
    }
    for (const [name, item] of Object.entries(value)) {
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      if (rule) rule(item ?? null, [...path, name], found);
      else found.push({ path: [...path, name], code: 'UNKNOWN_FIELD', message: 'The stand-in knows no such field.' });
    }
  };
}

/** An object whose rule depends on its numeric `type`. */
export function byType(rules: Readonly<Record<number, Rule>>): Rule {
  return (value, path, found) => {
    const rule = isObject(value) && typeof value.type === 'number' ? rules[value.type] : undefined;
    if (rule) rule(value, path, found);
    else {
      const known = Object.keys(rules).join(', ');
      found.push({
        path: [...path, 'type'],
        code: 'UNION_TYPE_CHOICES',
        message: `Value of type must be in ${known}.`,
      });
    }
  };
}

/** Whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The refusal 400/50035 for one field. */
export function invalidForm(path: readonly string[], code: string, message: string): Refusal {
  return refusalFor([{ path, code, message }]);
}

/**
 * Checks a request body.
 * @throws Refusal 400/50035 with Discord's nested `errors` when something is wrong.
 */
export function checkForm(value: Json, rule: Rule): void {
  const found: Problem[] = [];
  rule(value, [], found);
  if (found.length > 0) throw refusalFor(found);
}

function refusalFor(problems: readonly Problem[]): Refusal {
  const errors: JsonObject = {};
  for (const { path, code, message } of problems) {
    let node = errors;
    for (const step of path) {
      const known = node[step];
      const next: JsonObject = isObject(known) ? known : {};
      node[step] = next;
      node = next;
    }
    const others = Array.isArray(node._errors) ? node._errors : [];
    node._errors = [...others, { code, message }];
  }
  return new Refusal(400, { message: 'Invalid Form Body', code: 50035, errors });
}
