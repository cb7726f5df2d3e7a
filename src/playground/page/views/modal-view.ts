import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { ref } from 'lit/directives/ref.js';
import type { ApiComponent } from '../../../fake-discord/payloads.ts';
import { avatarOf } from '../avatar.ts';
import type { Page } from '../page.ts';
import { icon } from './icon.ts';
import { modalField } from './modal-field.ts';

/** A form that the bot opened. The browser keeps the focus inside, closes it at Escape, and gives the focus back. */
export function modalView(page: Page): TemplateResult | typeof nothing {
  const { modal: open } = page.state;
  if (open === null) return nothing;
  const { texts, told, components } = page;
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
          <img class="small-avatar" src=${avatarOf(told.bot)} alt="" />
          <h2 id="modal-title">${modal.title}</h2>
          <button type="button" class="tool" aria-label=${texts.close} @click=${close}>${icon('close')}</button>
        </div>
        <div class="modal-fields">${modal.components.map((component) => rowView(component, page))}</div>
        ${problem === null ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
        <div class="modal-foot">
          <button type="button" class="button" @click=${close}>${texts.cancel}</button>
          <button type="submit" class="button primary" aria-disabled=${isSending}>${texts.submit}</button>
        </div>
      </form>
    </dialog>`,
  )}`;
}

/** A label with what it labels, or the older row with one text input. */
function rowView(row: ApiComponent, page: Page): TemplateResult {
  const inner = row.component ?? row.components?.[0];
  if (inner === undefined) return html`<p class="hint">${String(row.content ?? '')}</p>`;
  const description = typeof row.description === 'string' ? row.description : undefined;
  return modalField(inner, { label: row.label ?? inner.label ?? '', description, texts: page.texts });
}

function showModal(element?: Element): void {
  if (!(element instanceof HTMLDialogElement)) return;
  // It is put into the page after this call.
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
  const values: Record<string, string | string[]> = {};
  for (const field of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[name]')) {
    values[field.name] =
      field instanceof HTMLSelectElement ? [...field.selectedOptions].map(({ value }) => value) : field.value;
  }
  const dialog = form.closest('dialog');
  if (await components.submitModal(values)) dialog?.close();
}
