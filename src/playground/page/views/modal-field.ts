import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import type { ApiComponent, Json } from '../../../fake-discord/payloads.ts';
import type { PageMessages } from '../messages/page-messages.ts';

/** ComponentType. */
const textInput = 4;
/** TextInputStyle. */
const paragraph = 2;

/** What {@link modalField} draws besides. */
export interface ModalFieldOptions {
  label: string;
  description: string | undefined;
  texts: PageMessages;
}

/** A text input or a menu of a form that the bot opened, with its label. */
export function modalField(component: ApiComponent, { label, description, texts }: ModalFieldOptions): TemplateResult {
  const { custom_id: name = '' } = component;
  const isRequired = component.required !== false;
  return html`<div class="field">
    <div class="field-head">
      <label for="modal-${name}">${label}</label>
      ${isRequired ? html`<span class="required" aria-hidden="true">*</span>` : nothing}
    </div>
    ${description === undefined ? nothing : html`<p class="hint">${description}</p>`}
    ${component.type === textInput ? inputView(component, isRequired) : menuView(component, { isRequired, texts })}
  </div>`;
}

function inputView(component: ApiComponent, isRequired: boolean): TemplateResult {
  const { custom_id: name = '', style } = component;
  const value = text(component.value) ?? '';
  const placeholder = text(component.placeholder) ?? '';
  const [min, max] = [number(component.min_length), number(component.max_length)];
  if (style === paragraph) {
    return html`<textarea
      id="modal-${name}"
      name=${name}
      rows="4"
      placeholder=${placeholder}
      minlength=${ifDefined(min)}
      maxlength=${ifDefined(max)}
      ?required=${isRequired}
      .defaultValue=${value}
    ></textarea>`;
  }
  return html`<input
    id="modal-${name}"
    name=${name}
    type="text"
    autocomplete="off"
    placeholder=${placeholder}
    minlength=${ifDefined(min)}
    maxlength=${ifDefined(max)}
    ?required=${isRequired}
    .defaultValue=${value}
  />`;
}

function menuView(
  component: ApiComponent,
  { isRequired, texts }: { isRequired: boolean; texts: PageMessages },
): TemplateResult {
  const { custom_id: name = '' } = component;
  const options = (component.options ?? []) as unknown as { label: string; value: string; default?: boolean }[];
  const isMultiple = (number(component.max_values) ?? 1) > 1;
  const hasDefault = options.some((option) => option.default);
  return html`<select id="modal-${name}" name=${name} ?multiple=${isMultiple} ?required=${isRequired}>
    ${isMultiple || hasDefault ? nothing : html`<option value="">${text(component.placeholder) ?? texts.select}</option>`}
    ${options.map((option) => html`<option value=${option.value} ?selected=${option.default}>${option.label}</option>`)}
  </select>`;
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
