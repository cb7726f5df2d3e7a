import {
  byType,
  choice,
  fields,
  fileTypes,
  id,
  isObject,
  list,
  mapping,
  number,
  orNull,
  type Rule,
  text,
  truth,
} from './form-rules.ts';

/** Lower case where the script has cases; letters, digits, dashes and underscores. */
const slashName = text({ min: 1, max: 32, pattern: /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u });
const lowerCaseName: Rule = (value, path, found) => {
  slashName(value, path, found);
  if (typeof value === 'string' && value !== value.toLowerCase()) {
    found.push({ path, code: 'APPLICATION_COMMAND_INVALID_NAME', message: 'Command name is invalid' });
  }
};
const menuName = text({ min: 1, max: 32 });
const description = text({ min: 1, max: 100 });
const int53 = { min: -(2 ** 53), max: 2 ** 53 } as const;

const named = {
  name: lowerCaseName,
  name_localizations: orNull(mapping(lowerCaseName)),
  description,
  description_localizations: orNull(mapping(description)),
} as const;
const requiredNames = ['type', 'name', 'description'] as const;

function option(type: number, more: Readonly<Record<string, Rule>> = {}): Rule {
  return fields({ type: choice(type), ...named, required: orNull(truth), ...more }, requiredNames);
}

function choices(value: Rule): Rule {
  const names = { name: text({ min: 1, max: 100 }), name_localizations: orNull(mapping(text({ min: 1, max: 100 }))) };
  return orNull(list(fields({ ...names, value }, ['name', 'value']), { max: 25 }));
}

const integer = number(int53);
const decimal = number({ ...int53, fractions: true });
const length = { min_length: orNull(number({ min: 0, max: 6000 })), max_length: orNull(number({ min: 1, max: 6000 })) };

const simpleOptions: Readonly<Record<number, Rule>> = {
  3: option(3, { choices: choices(text({ min: 1, max: 100 })), autocomplete: orNull(truth), ...length }),
  4: option(4, {
    choices: choices(integer),
    autocomplete: orNull(truth),
    min_value: orNull(integer),
    max_value: orNull(integer),
  }),
  5: option(5),
  6: option(6),
  7: option(7, { channel_types: orNull(list(number({ min: 0, max: 20 }), { max: 20 })) }),
  8: option(8),
  9: option(9),
  10: option(10, {
    choices: choices(decimal),
    autocomplete: orNull(truth),
    min_value: orNull(decimal),
    max_value: orNull(decimal),
  }),
  11: option(11, { file_types: orNull(fileTypes) }),
};

/** Required options first, names unique, choices and autocomplete not together. */
function sensible(rule: Rule): Rule {
  return (value, path, found) => {
    rule(value, path, found);
    if (!Array.isArray(value)) return;
    const names = new Set<unknown>();
    let optionalSeen = false;
    for (const [index, item] of value.entries()) {
      if (!isObject(item)) continue;
      const at = [...path, String(index)];
      if (item.required === true && optionalSeen) {
        const message = 'Required options must be placed before non-required options';
        found.push({ path: at, code: 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', message });
      }
      if (item.required !== true) optionalSeen = true;
      if (names.has(item.name)) {
        found.push({
          path: at,
          code: 'APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS',
          message: 'Option names must be unique',
        });
      }
      names.add(item.name);
      if (item.autocomplete === true && Array.isArray(item.choices) && item.choices.length > 0) {
        found.push({
          path: at,
          code: 'AUTOCOMPLETE_AND_CHOICES',
          message: 'Cannot have both autocomplete and choices',
        });
      }
    }
  };
}

const simpleList = sensible(list(byType(simpleOptions), { max: 25 }));
const subcommand = fields({ type: choice(1), ...named, options: orNull(simpleList) }, requiredNames);
const group = fields(
  { type: choice(2), ...named, options: list(byType({ 1: subcommand }), { max: 25 }) },
  requiredNames,
);

const common = {
  id: orNull(id),
  type: orNull(choice(1, 2, 3)),
  name_localizations: orNull(mapping(menuName)),
  // The schema says number, discord.js and the documentation send a string of digits.
  default_member_permissions: orNull(text({ min: 1, max: 20, pattern: /^\d+$/ })),
  dm_permission: orNull(truth),
  contexts: orNull(list(choice(0, 1, 2), { min: 1, max: 3 })),
  integration_types: orNull(list(choice(0, 1), { min: 1, max: 2 })),
  nsfw: orNull(truth),
} as const;

const slashCommand: Rule = fields(
  {
    ...common,
    ...named,
    options: orNull(sensible(list(byType({ ...simpleOptions, 1: subcommand, 2: group }), { max: 25 }))),
  },
  ['name', 'description'],
);
const menuCommand: Rule = fields(
  { ...common, name: menuName, description: orNull(text({ max: 0 })), options: orNull(list(byType({}), { max: 0 })) },
  ['name'],
);

/** One command of a request body, with the limit of 8,000 characters over names, descriptions and values. */
export const commandRule: Rule = (value, path, found) => {
  const isMenu = isObject(value) && (value.type === 2 || value.type === 3);
  (isMenu ? menuCommand : slashCommand)(value, path, found);
  if (countCharacters(value) > 8000) {
    found.push({ path, code: 'APPLICATION_COMMAND_TOO_LARGE', message: 'Command exceeds maximum size (8000)' });
  }
};

function countCharacters(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countCharacters(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  let sum = 0;
  for (const [name, item] of Object.entries(value)) {
    const counts = (name === 'name' || name === 'description' || name === 'value') && typeof item === 'string';
    sum += counts ? item.length : countCharacters(item);
  }
  return sum;
}
