import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { keyed } from 'lit/directives/keyed.js';
import { ref } from 'lit/directives/ref.js';
import type { ApiComponent, Json } from '../../../fake-discord/payloads.ts';
import type { FormValues } from '../../protocol.ts';
import type { PageMessages } from '../messages/page-messages.ts';
import type { Page } from '../page.ts';
import { icon } from './icon.ts';
import { avatarOf } from './person.ts';

/** A modal that the bot opened. `<dialog>` traps the focus, closes on Escape and restores the focus. */
export function modalView(page: Page): TemplateResult | typeof nothing {
  const { modal: open } = page.state;
  if (open === null) return nothing;
  const { i18n, session, components } = page;
  const { modal, interactionId, isSending, problem } = open;
  return html`${keyed(
    interactionId,
    html`<dialog
      class="modal"
      aria-labelledby="modal-title"
      ${ref(showModal)}
      @close=${() => components.closeModal()}
      @click=${closeFromOutside}
    >
      <form @submit=${(event: SubmitEvent) => submit(event, page)}>
        <div class="modal-head">
          <img class="small-avatar" src=${avatarOf(session.bot)} alt="" />
          <h2 id="modal-title">${modal.title}</h2>
          <button type="button" class="tool" aria-label=${i18n.close} @click=${close}>${icon('close')}</button>
        </div>
        <div class="modal-fields">${modal.components.map((component) => rowView(component, page))}</div>
        ${problem === null ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
        <div class="modal-foot">
          <button type="button" class="button" @click=${close}>${i18n.cancel}</button>
          <button type="submit" class="button primary" aria-disabled=${isSending}>${i18n.submit}</button>
        </div>
      </form>
    </dialog>`,
  )}`;
}

/** A Label component with its inner component, or the older ActionRow with one text input. */
function rowView(row: ApiComponent, page: Page): TemplateResult {
  const inner = row.component ?? row.components?.[0];
  if (inner === undefined) return html`<p class="hint">${String(row.content ?? '')}</p>`;
  const description = typeof row.description === 'string' ? row.description : undefined;
  return modalField(inner, { label: row.label ?? inner.label ?? '', description, i18n: page.i18n });
}

function showModal(element?: Element): void {
  if (!(element instanceof HTMLDialogElement)) return;
  // lit calls a `ref` before it inserts the element.
  queueMicrotask(() => {
    if (element.open) return;
    element.showModal();
    element.querySelector<HTMLElement>('.modal-fields :is(input, textarea, select)')?.focus();
  });
}

function close({ currentTarget }: Event): void {
  (currentTarget as HTMLElement).closest('dialog')?.close();
}

function closeFromOutside({ target, currentTarget }: Event): void {
  if (target === currentTarget) (currentTarget as HTMLDialogElement).close();
}

async function submit(event: SubmitEvent, { components }: Page): Promise<void> {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  const values: FormValues = {};
  const files: Record<string, File> = {};
  for (const field of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[name]')) {
    if (field.type === 'file') {
      const file = (field as HTMLInputElement).files?.[0];
      if (file !== undefined) files[field.name] = file;
      continue;
    }
    values[field.name] =
      field instanceof HTMLSelectElement ? [...field.selectedOptions].map(({ value }) => value) : field.value;
  }
  const dialog = form.closest('dialog');
  if (await components.submitModal(values, files)) dialog?.close();
}

/** ComponentType. */
const textInput = 4;
const fileUpload = 19;
/** TextInputStyle. */
const paragraph = 2;

/** Options of {@link modalField}. */
interface ModalFieldOptions {
  label: string;
  description: string | undefined;
  i18n: PageMessages;
}

/** A text input or a menu of a form that the bot opened, with its label. */
function modalField(component: ApiComponent, { label, description, i18n }: ModalFieldOptions): TemplateResult {
  const { custom_id: name = '' } = component;
  const isRequired = component.required !== false;
  return html`<div class="field">
    <div class="field-head">
      <label for="modal-${name}">${label}</label>
      ${isRequired ? html`<span class="required" aria-hidden="true">*</span>` : nothing}
    </div>
    ${description === undefined ? nothing : html`<p class="hint">${description}</p>`}
    ${fieldView(component, { isRequired, i18n })}
  </div>`;
}

function fieldView(component: ApiComponent, options: { isRequired: boolean; i18n: PageMessages }): TemplateResult {
  switch (component.type) {
    case textInput:
      return inputView(component, options.isRequired);
    case fileUpload:
      return fileView(component, options.isRequired);
    default:
      return menuView(component, options);
  }
}

function fileView({ custom_id: name = '', file_types: types }: ApiComponent, isRequired: boolean): TemplateResult {
  const accept = Array.isArray(types) ? types.map((type) => (String(type).startsWith('.') ? type : `${type}/*`)) : [];
  return html`<input id="modal-${name}" name=${name} type="file" accept=${accept.join()} ?required=${isRequired} />`;
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
  { isRequired, i18n }: { isRequired: boolean; i18n: PageMessages },
): TemplateResult {
  const { custom_id: name = '' } = component;
  const options = (component.options ?? []) as unknown as { label: string; value: string; default?: boolean }[];
  const isMultiple = (number(component.max_values) ?? 1) > 1;
  const hasDefault = options.some((option) => option.default);
  return html`<select id="modal-${name}" name=${name} ?multiple=${isMultiple} ?required=${isRequired}>
    ${isMultiple || hasDefault ? nothing : html`<option value="">${text(component.placeholder) ?? i18n.select}</option>`}
    ${options.map((option) => html`<option value=${option.value} ?selected=${option.default}>${option.label}</option>`)}
  </select>`;
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
