import {
  byType,
  choice,
  fields,
  fileTypes,
  id,
  invalidForm,
  isObject,
  list,
  number,
  orNull,
  type Rule,
  text,
  truth,
} from './form-rules.ts';
import type { ApiComponent, Json, JsonObject } from './payloads.ts';

/** ComponentType numbers that the stand-in knows. Components V2 in messages are not among them. */
export const componentType = {
  row: 1,
  button: 2,
  select: 3,
  textInput: 4,
  textDisplay: 10,
  label: 18,
  fileUpload: 19,
} as const;

const customId = text({ min: 1, max: 100 });
const componentId = orNull(number({ min: 0, max: 2 ** 31 - 1 }));
const emoji = fields({ id: orNull(id), name: text({ max: 32 }), animated: orNull(truth) }, ['name']);

const button = fields(
  {
    type: choice(componentType.button),
    id: componentId,
    custom_id: orNull(customId),
    style: number({ min: 1, max: 5 }),
    label: orNull(text({ max: 80 })),
    disabled: orNull(truth),
    url: orNull(text({ max: 512, pattern: /^(https?|discord):\/\/.+/ })),
    emoji: orNull(emoji),
  },
  ['type', 'style'],
);

const buttonWithSense: Rule = (value, path, found) => {
  button(value, path, found);
  if (!isObject(value)) return;
  const needed = value.style === 5 ? 'url' : 'custom_id';
  const forbidden = value.style === 5 ? 'custom_id' : 'url';
  if (typeof value[needed] !== 'string') {
    found.push({
      path: [...path, needed],
      code: 'BASE_TYPE_REQUIRED',
      message: `A button of this style needs ${needed}.`,
    });
  }
  if (typeof value[forbidden] === 'string') {
    const message = 'A custom id and url cannot both be specified';
    found.push({ path: [...path, forbidden], code: 'BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE', message });
  }
  if (!value.label && !value.emoji) {
    found.push({
      path: [...path, 'label'],
      code: 'BASE_TYPE_REQUIRED',
      message: 'A button needs a label or an emoji.',
    });
  }
};

const select = fields(
  {
    type: choice(componentType.select),
    id: componentId,
    custom_id: customId,
    placeholder: orNull(text({ max: 150 })),
    min_values: orNull(number({ min: 0, max: 25 })),
    max_values: orNull(number({ min: 1, max: 25 })),
    disabled: orNull(truth),
    required: orNull(truth),
    options: list(
      fields(
        {
          label: text({ min: 1, max: 100 }),
          value: text({ min: 1, max: 100 }),
          description: orNull(text({ max: 100 })),
          default: orNull(truth),
          emoji: orNull(emoji),
        },
        ['label', 'value'],
      ),
      { min: 1, max: 25 },
    ),
  },
  ['type', 'custom_id', 'options'],
);

const textInput = fields(
  {
    type: choice(componentType.textInput),
    id: componentId,
    custom_id: customId,
    style: choice(1, 2),
    label: orNull(text({ min: 1, max: 45 })),
    value: orNull(text({ max: 4000 })),
    placeholder: orNull(text({ max: 100 })),
    required: orNull(truth),
    min_length: orNull(number({ min: 0, max: 4000 })),
    max_length: orNull(number({ min: 1, max: 4000 })),
  },
  ['type', 'custom_id', 'style'],
);

const fileUpload = fields(
  {
    type: choice(componentType.fileUpload),
    id: componentId,
    custom_id: customId,
    min_values: orNull(number({ min: 0, max: 10 })),
    max_values: orNull(number({ min: 1, max: 10 })),
    file_types: orNull(fileTypes),
    required: orNull(truth),
  },
  ['type', 'custom_id'],
);

const label = fields(
  {
    type: choice(componentType.label),
    id: componentId,
    label: text({ min: 1, max: 45 }),
    description: orNull(text({ min: 1, max: 100 })),
    component: byType({ 3: select, 4: textInput, 19: fileUpload }),
  },
  ['type', 'label', 'component'],
);

/** A row holds up to five buttons, or one menu. */
const messageRow: Rule = (value, path, found) => {
  const content = list(byType({ 2: buttonWithSense, 3: select }), { min: 1, max: 5 });
  fields({ type: choice(componentType.row), id: componentId, components: content }, ['type', 'components'])(
    value,
    path,
    found,
  );
  const inner = isObject(value) && Array.isArray(value.components) ? value.components : [];
  if (inner.length > 1 && inner.some((item) => isObject(item) && item.type !== componentType.button)) {
    found.push({
      path: [...path, 'components'],
      code: 'COMPONENT_LAYOUT_WIDTH_EXCEEDED',
      message: 'A menu fills its row.',
    });
  }
};

/** `components` of a message: at most five rows. */
export const messageComponents: Rule = list(byType({ 1: messageRow }), { max: 5 });

const modalRow = fields(
  { type: choice(componentType.row), id: componentId, components: list(byType({ 4: textInput }), { min: 1, max: 1 }) },
  ['type', 'components'],
);
const textDisplay = fields(
  { type: choice(componentType.textDisplay), id: componentId, content: text({ min: 1, max: 4000 }) },
  ['type', 'content'],
);

/** `data` of a modal: one to five components. */
export const modalData: Rule = fields(
  {
    custom_id: customId,
    title: text({ min: 1, max: 45 }),
    components: list(byType({ 1: modalRow, 10: textDisplay, 18: label }), { min: 1, max: 5 }),
  },
  ['custom_id', 'title', 'components'],
);

/**
 * The components of a checked body as Discord stores them: numbered, nulls dropped, defaults filled in.
 * @throws Refusal 400/50035 when two share a custom id.
 */
export function storeComponents(list: Json): ApiComponent[] {
  if (!Array.isArray(list)) return [];
  const seen = new Set<string>();
  let lastId = 0;
  const store = (value: Json): ApiComponent => {
    const source = value as ApiComponent;
    lastId += 1;
    const kept = Object.fromEntries(Object.entries(source).filter(([, item]) => item !== null));
    const result: ApiComponent = { ...kept, type: source.type, id: source.id ?? lastId };
    if (typeof source.custom_id === 'string') {
      if (seen.has(source.custom_id)) {
        throw invalidForm(['components'], 'COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated');
      }
      seen.add(source.custom_id);
    }
    if (source.type === componentType.select) Object.assign(result, { min_values: 1, max_values: 1, ...kept });
    if (isObject(source.emoji)) result.emoji = storeEmoji(source.emoji);
    if (source.components) result.components = source.components.map(store);
    if (source.component) result.component = store(source.component);
    if (isObject(source.accessory)) result.accessory = store(source.accessory);
    return result;
  };
  return list.map(store);
}

function storeEmoji(emoji: JsonObject): JsonObject {
  return { name: emoji.name, ...(emoji.id ? { id: emoji.id } : {}), ...(emoji.animated ? { animated: true } : {}) };
}

/** All components, those inside rows and labels included. */
export function flatComponents(components: readonly ApiComponent[]): ApiComponent[] {
  return components.flatMap((component) => [
    component,
    ...flatComponents(component.components ?? []),
    ...(component.component ? [component.component] : []),
    ...(isObject(component.accessory) ? [component.accessory as ApiComponent] : []),
  ]);
}
