import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { live } from 'lit/directives/live.js';
import { ref } from 'lit/directives/ref.js';
import type { ApiCommandOption } from '../../../fake-discord/payloads.ts';
import type { OptionValue } from '../../protocol.ts';
import { localisedDescription, localisedName, optionType } from '../command-entries.ts';
import type { FieldOptions, Page } from '../page.ts';
import { autocompleteField } from './autocomplete-field.ts';
import { focusOnMount } from './focus.ts';
import { icon } from './icon.ts';
import { displayName } from './person.ts';
import { pictureField } from './picture-field.ts';

/** One option with its name, what it is for, and what is wrong with it. */
export function optionField(option: ApiCommandOption, options: FieldOptions): TemplateResult {
  const { form, page } = options;
  const { i18n, commands } = page;
  const { name, required = false, type } = option;
  const problem = form.problems[name];
  const label = localisedName(option, i18n.locale);
  return html`<div class="field ${type === optionType.attachment ? 'wide' : ''}">
    <div class="field-head">
      <label for="option-${name}">${label}</label>
      ${required ? html`<span class="required">${i18n.required}</span>` : nothing}
      ${
        required
          ? nothing
          : html`<button
              type="button"
              class="tool small"
              aria-label=${i18n.remove(label)}
              @click=${() => {
                commands.removeOption(name);
                document.querySelector<HTMLElement>('.command-form button[type=submit]')?.focus();
              }}
            >
              ${icon('close')}
            </button>`
      }
    </div>
    <p class="hint" id="about-${name}">${localisedDescription(option, i18n.locale)}${rangeText(option, page)}</p>
    ${control(option, options)}
    ${problem === undefined ? nothing : html`<p class="problem" id="problem-${name}" role="alert">${problem}</p>`}
  </div>`;
}

/** Beyond it a bound is one of the number type, which tells nobody anything. */
const largestShown = 1_000_000;

/** The range of a number, unless the description states it already. */
function rangeText(option: ApiCommandOption, { i18n }: Page): string {
  const { min_value: min, max_value: max, choices } = option;
  if (min === undefined || max === undefined || choices !== undefined || max > largestShown) return '';
  return localisedDescription(option, i18n.locale).includes(String(max)) ? '' : ` · ${i18n.range(min, max)}`;
}

function control(option: ApiCommandOption, options: FieldOptions): TemplateResult {
  if (option.type === optionType.attachment) return pictureField(option, options);
  if (option.autocomplete === true) return autocompleteField(option, options);
  const choices = choicesFor(option, options.page);
  return choices === undefined ? box(option, options) : choiceList(option, choices, options);
}

function choiceList(
  { name }: ApiCommandOption,
  choices: NonNullable<ReturnType<typeof choicesFor>>,
  { form, page, isFirst }: FieldOptions,
): TemplateResult {
  const { commands, i18n } = page;
  const chosen = choices.findIndex(({ value }) => value === form.values[name]);
  return html`<select
    id="option-${name}"
    aria-describedby="about-${name}"
    aria-invalid=${form.problems[name] !== undefined}
    .value=${live(String(chosen))}
    @change=${({ currentTarget }: Event) => {
      const choice = choices[Number((currentTarget as HTMLSelectElement).value)];
      if (choice === undefined) commands.type(name, '');
      else commands.setValue(name, choice.value);
    }}
    ${isFirst ? ref(focusOnMount) : nothing}
  >
    <option value="-1">${i18n.choose}</option>
    ${choices.map((choice, index) => html`<option value=${index} ?selected=${index === chosen}>${choice.label}</option>`)}
  </select>`;
}

function box(option: ApiCommandOption, { form, page, isFirst }: FieldOptions): TemplateResult {
  const { name, type, min_value: min, max_value: max, min_length, max_length } = option;
  const isNumber = type === optionType.integer || type === optionType.number;
  return html`<input
    id="option-${name}"
    type=${isNumber ? 'number' : 'text'}
    inputmode=${isNumber ? 'numeric' : 'text'}
    step=${ifDefined(type === optionType.number ? 'any' : undefined)}
    min=${ifDefined(min)}
    max=${ifDefined(max)}
    minlength=${ifDefined(min_length)}
    maxlength=${ifDefined(max_length)}
    autocomplete="off"
    aria-describedby="about-${name}"
    aria-invalid=${form.problems[name] !== undefined}
    .value=${live(form.typed[name] ?? '')}
    @input=${({ currentTarget }: Event) => page.commands.type(name, (currentTarget as HTMLInputElement).value)}
    ${isFirst ? ref(focusOnMount) : nothing}
  />`;
}

interface LabelledChoice {
  label: string;
  value: OptionValue;
}

/** The choices of an option: declared ones, or the people, roles or channels there are; undefined for free text. */
function choicesFor(
  { type, choices }: ApiCommandOption,
  { i18n, session }: Pick<Page, 'i18n' | 'session'>,
): LabelledChoice[] | undefined {
  if (choices !== undefined) {
    return choices.map((choice) => ({ label: localisedName(choice, i18n.locale), value: choice.value }));
  }
  const people = [...session.users.values()].map((user) => ({ label: `@${displayName(user)}`, value: user.id }));
  const roles = session.roles.map(({ id, name }) => ({ label: `@${name.replace(/^@/, '')}`, value: id }));
  switch (type) {
    case optionType.boolean:
      return [
        { label: i18n.yes, value: true },
        { label: i18n.no, value: false },
      ];
    case optionType.user:
      return people;
    case optionType.mentionable:
      return [...people, ...roles];
    case optionType.role:
      return roles.length === 0 ? undefined : roles;
    case optionType.channel:
      return session.channels
        .filter(({ kind, shape }) => kind === 'guild' && shape !== 'thread')
        .map(({ id, name }) => ({ label: `#${name}`, value: id }));
    default:
      return undefined;
  }
}
