import {
  type APIActionRowComponent,
  type APIComponentInMessageActionRow,
  type APIEmbed,
  type APIModalInteractionResponseCallbackData,
  type APIStringSelectComponent,
  ComponentType,
  type RESTPostAPIChannelMessageJSONBody,
} from 'discord.js';
import { fitLabel, fitText } from './fit-text.ts';

/** Discord's limits, in characters or entries. A body beyond one of them is refused whole. */
const limits = {
  content: 2000,
  rows: 5,
  buttonsPerRow: 5,
  buttonLabel: 80,
  buttonUrl: 512,
  customId: 100,
  menuOptions: 25,
  menuPlaceholder: 150,
  /** Label, value and description of a menu's option; name of an autocompleted choice. */
  option: 100,
  choices: 25,
  embeds: 10,
  embedsInAll: 6000,
  embedTitle: 256,
  embedDescription: 4096,
  embedFields: 25,
  fieldName: 256,
  fieldValue: 1024,
  embedAuthor: 256,
  embedFooter: 2048,
  modalTitle: 45,
  modalFields: 5,
  modalLabel: 45,
  modalDescription: 100,
  inputValue: 4000,
  inputPlaceholder: 100,
} as const;

/** The parts of a message that have limits. */
type MessageBody = Partial<Pick<RESTPostAPIChannelMessageJSONBody, 'content' | 'embeds' | 'components'>>;

/**
 * A message as it is where it keeps Discord's limits, else shortened until it does: messages end in an ellipsis, buttons
 * beyond five move to the next row, entries beyond the last are left out. A view that has more to say should say how
 * much it leaves out; this is what keeps an answer from being lost.
 */
export function fitMessage<Body extends MessageBody>(body: Body): Body {
  const { content, embeds, components } = body;
  return {
    ...body,
    ...(typeof content === 'string' && { content: fitText(content, limits.content) }),
    ...(Array.isArray(embeds) && { embeds: fitEmbeds(embeds) }),
    ...(Array.isArray(components) && { components: fitRows(components) }),
  };
}

/** The same for a form. */
export function fitModal(modal: APIModalInteractionResponseCallbackData): APIModalInteractionResponseCallbackData {
  const components = modal.components.slice(0, limits.modalFields).map((field) => {
    if (field.type !== ComponentType.Label) return field;
    const { component, description } = field;
    return {
      ...field,
      label: fitLabel(field.label, limits.modalLabel),
      ...(description !== undefined && { description: fitLabel(description, limits.modalDescription) }),
      component: fitInput(component),
    };
  });
  return { ...modal, title: fitLabel(modal.title, limits.modalTitle), components };
}

/** The same for what is proposed while somebody types. */
export function fitChoices<Choice extends { name: string }>(choices: readonly Choice[]): Choice[] {
  return choices.slice(0, limits.choices).map((choice) => ({ ...choice, name: fitLabel(choice.name, limits.option) }));
}

function fitInput<Input extends { type: ComponentType }>(input: Input): Input {
  if (isMenu(input)) return { ...input, ...fitMenu(input) };
  if (input.type !== ComponentType.TextInput) return input;
  const {
    value,
    placeholder,
    max_length = limits.inputValue,
  } = input as Input & {
    value?: string;
    placeholder?: string;
    max_length?: number;
  };
  return {
    ...input,
    ...(value !== undefined && { value: value.slice(0, Math.min(max_length, limits.inputValue)) }),
    ...(placeholder !== undefined && { placeholder: fitLabel(placeholder, limits.inputPlaceholder) }),
  };
}

type Row = APIActionRowComponent<APIComponentInMessageActionRow>;
type TopLevel = NonNullable<MessageBody['components']>[number];

function fitRows(components: readonly TopLevel[]): TopLevel[] {
  return components
    .flatMap((component): TopLevel[] =>
      component.type === ComponentType.ActionRow ? splitRow(component) : [component],
    )
    .slice(0, limits.rows);
}

/** A row's components in as many rows as they take; a row without any is refused, so there may be none. */
function splitRow(row: Row): Row[] {
  const components = row.components.filter(isUsable).map(fitComponent);
  const rows: Row[] = [];
  for (let first = 0; first < components.length; first += limits.buttonsPerRow) {
    rows.push({ ...row, components: components.slice(first, first + limits.buttonsPerRow) });
  }
  return rows;
}

/** An id or a link that is cut leads nowhere. */
function isUsable(component: APIComponentInMessageActionRow): boolean {
  if ('custom_id' in component && component.custom_id.length > limits.customId) return false;
  if ('url' in component && component.url.length > limits.buttonUrl) return false;
  return !isMenu(component) || component.options.some(isUsableOption);
}

function fitComponent(component: APIComponentInMessageActionRow): APIComponentInMessageActionRow {
  if (isMenu(component)) return fitMenu(component);
  if (component.type !== ComponentType.Button || !('label' in component) || component.label === undefined) {
    return component;
  }
  return { ...component, label: fitLabel(component.label, limits.buttonLabel) };
}

function isMenu(component: { type: ComponentType }): component is APIStringSelectComponent {
  return component.type === ComponentType.StringSelect;
}

function isUsableOption({ value }: { value: string }): boolean {
  return value.length <= limits.option;
}

function fitMenu(menu: APIStringSelectComponent): APIStringSelectComponent {
  const options = menu.options
    .filter(isUsableOption)
    .slice(0, limits.menuOptions)
    .map(({ description, ...option }) => ({
      ...option,
      label: fitLabel(option.label, limits.option),
      ...(description !== undefined && { description: fitLabel(description, limits.option) }),
    }));
  const { placeholder, max_values } = menu;
  return {
    ...menu,
    options,
    ...(placeholder !== undefined && { placeholder: fitLabel(placeholder, limits.menuPlaceholder) }),
    ...(max_values !== undefined && { max_values: Math.min(max_values, options.length) }),
  };
}

/** Ten embeds, each within its limits, and all of them within what they may have together. */
function fitEmbeds(embeds: readonly APIEmbed[]): APIEmbed[] {
  let left: number = limits.embedsInAll;
  /** As much of a text as is allowed and left; undefined where that is nothing. */
  const take = (text: string | undefined, limit: number): string | undefined => {
    if (text === undefined || left === 0) return undefined;
    const taken = fitText(text, Math.min(limit, left));
    left -= taken.length;
    return taken;
  };
  const fitted = embeds.slice(0, limits.embeds).map((embed) => {
    const { title, description, fields, author, footer, ...rest } = embed;
    const short: APIEmbed = rest;
    const messages = {
      title: take(title, limits.embedTitle),
      author: take(author?.name, limits.embedAuthor),
      description: take(description, limits.embedDescription),
      footer: take(footer?.text, limits.embedFooter),
    };
    if (messages.title !== undefined) short.title = messages.title;
    if (author && messages.author !== undefined) short.author = { ...author, name: messages.author };
    if (messages.description !== undefined) short.description = messages.description;
    if (footer && messages.footer !== undefined) short.footer = { ...footer, text: messages.footer };
    if (fields) short.fields = fields.slice(0, limits.embedFields).flatMap((field) => fitField(field, take));
    return short;
  });
  return fitted.filter((embed) => Object.keys(embed).length > 0);
}

type Field = NonNullable<APIEmbed['fields']>[number];

/** A field needs both of its messages. */
function fitField(field: Field, take: (text: string, limit: number) => string | undefined): Field[] {
  const name = take(field.name, limits.fieldName);
  const value = take(field.value, limits.fieldValue);
  return name === undefined || value === undefined ? [] : [{ ...field, name, value }];
}
