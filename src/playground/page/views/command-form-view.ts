import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import {
  describedBy,
  fullName,
  localisedDescription,
  localisedName,
  optionType,
  shownName,
} from '../command-entries.ts';
import { byteSize } from '../format.ts';
import type { Page } from '../page.ts';
import type { CommandForm } from '../state/command-form.ts';
import { placeSuggestions } from './autocomplete-field.ts';
import { icon } from './icon.ts';
import { optionField } from './option-field.ts';
import { picturesOf } from './picture-field.ts';

/** The form of a command, built from the options that the bot registered. */
export function commandFormView(form: CommandForm, page: Page): TemplateResult {
  const { i18n, commands, session } = page;
  const { entry, shown, isSending } = form;
  const further = entry.options.filter(({ name }) => !shown.includes(name));
  const takesFiles = entry.options.some(({ type }) => type === optionType.attachment);
  const close = () => {
    commands.closeForm();
    document.getElementById('composer')?.focus();
  };
  return html`${keyed(
    entry,
    html`<form
      class="popover command-form"
      aria-labelledby="form-title"
      novalidate
      @submit=${(event: Event) => {
        event.preventDefault();
        void submit(page);
      }}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key === 'Escape' && !event.defaultPrevented) close();
      }}
      @paste=${(event: ClipboardEvent) => paste(event, page)}
    >
      <div class="form-head">
        <h2 id="form-title">/${shownName(entry, i18n.locale)}</h2>
        <p>${localisedDescription(describedBy(entry), i18n.locale)}</p>
        <button type="button" class="tool" aria-label=${i18n.close} @click=${close}>${icon('close')}</button>
      </div>
      <div class="form-fields" @scroll=${() => placeSuggestions(document.querySelector('.suggestions:not([hidden])'))}>
        ${repeat(
          shown.flatMap((name) => entry.options.find((option) => option.name === name) ?? []),
          ({ name }) => name,
          (option, index) => optionField(option, { form, page, isFirst: index === 0 }),
        )}
      </div>
      ${
        further.length === 0
          ? nothing
          : html`<fieldset class="chips">
              <legend>${i18n.optionsLeft(further.length)}</legend>
              ${further.map(
                (option) => html`<button
                  type="button"
                  class="chip"
                  title=${localisedDescription(option, i18n.locale)}
                  data-option=${option.name}
                  @click=${() => add(option.name, page)}
                >
                  + ${localisedName(option, i18n.locale)}
                </button>`,
              )}
            </fieldset>`
      }
      <div class="form-foot">
        ${takesFiles ? html`<span class="hint">${i18n.uploadLimit(byteSize(session.uploadLimitBytes))}</span>` : nothing}
        <button type="submit" class="button primary" aria-disabled=${isSending} data-command=${fullName(entry)}>
          ${isSending ? i18n.running : i18n.run}
        </button>
      </div>
    </form>`,
  )}`;
}

async function submit({ commands }: Page): Promise<void> {
  await commands.submitForm();
  // After the next frame the form is either closed or shows its problems.
  await new Promise((resolve) => requestAnimationFrame(resolve));
  const wrong = document.querySelector<HTMLElement>('.command-form [aria-invalid=true]');
  (wrong ?? document.getElementById('composer'))?.focus();
}

async function add(name: string, { commands }: Page): Promise<void> {
  commands.addOption(name);
  await new Promise((resolve) => requestAnimationFrame(resolve));
  document.getElementById(`option-${name}`)?.focus();
}

/** A picture that is pasted anywhere in the form fills the first attachment option that is still empty. */
function paste(event: ClipboardEvent, { state, commands }: Page): void {
  const [file] = picturesOf(event.clipboardData);
  const { form } = state;
  if (file === undefined || form === null) return;
  const attachments = form.entry.options.filter(
    ({ type, name }) => type === optionType.attachment && form.shown.includes(name),
  );
  const target = attachments.find(({ name }) => form.pictures[name] === undefined) ?? attachments[0];
  if (target === undefined) return;
  event.preventDefault();
  commands.setPicture(target.name, { kind: 'file', name: file.name, url: URL.createObjectURL(file), file });
}
