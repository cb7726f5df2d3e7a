import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import type { ApiCommandOption } from '../../../fake-discord/payloads.ts';
import { byteSize } from '../format.ts';
import type { FieldOptions, Page } from '../page.ts';
import { focusOnMount } from './focus.ts';
import { icon } from './icon.ts';

/** A picture for an option: dropped, pasted, chosen from the disk or the camera roll, or one of the samples. */
export function pictureField({ name }: ApiCommandOption, { form, page, isFirst }: FieldOptions): TemplateResult {
  const { i18n, session, commands } = page;
  const chosen = form.pictures[name];
  const take = (file: File | undefined) => takeFile(file, name, page);
  return html`<div
    class="drop-zone"
    @dragover=${(event: DragEvent) => {
      event.preventDefault();
      (event.currentTarget as Element).classList.add('over');
    }}
    @dragleave=${({ currentTarget }: Event) => (currentTarget as Element).classList.remove('over')}
    @drop=${(event: DragEvent) => {
      event.preventDefault();
      (event.currentTarget as Element).classList.remove('over');
      take(picturesOf(event.dataTransfer)[0]);
    }}
  >
    ${
      chosen === undefined
        ? html`<span class="drop-picture">${icon('picture')}</span>`
        : html`<img class="drop-picture" src=${chosen.url} alt=${chosen.name} />`
    }
    <div class="drop-words">
      <span>${chosen === undefined ? i18n.dropHere : html`<strong>${chosen.name}</strong>`}</span>
      <span class="hint">${i18n.orPaste}</span>
      <input
        id="option-${name}"
        class="file-input"
        type="file"
        accept="image/*"
        aria-describedby="about-${name}"
        aria-invalid=${form.problems[name] !== undefined}
        @change=${({ currentTarget }: Event) => take((currentTarget as HTMLInputElement).files?.[0])}
        ${isFirst ? ref(focusOnMount) : nothing}
      />
      <label class="button" for="option-${name}">${i18n.browse}</label>
    </div>
    ${
      session.samples.length === 0
        ? nothing
        : html`<ul class="sample-row" aria-label=${i18n.samples}>
            ${session.samples.map(
              (sample) => html`<li>
                <button
                  type="button"
                  class="sample"
                  aria-label=${i18n.useSample(sample.name)}
                  aria-pressed=${chosen?.kind === 'sample' && chosen.sample === sample}
                  title=${`${sample.name} · ${sample.credit}`}
                  @click=${() =>
                    commands.setPicture(name, { kind: 'sample', name: sample.name, url: sample.url, sample })}
                >
                  <img src=${sample.url} alt="" />
                </button>
              </li>`,
            )}
          </ul>`
    }
  </div>`;
}

function takeFile(file: File | undefined, name: string, { session, i18n, commands, notify }: Page): void {
  if (file === undefined) return;
  if (file.size > session.uploadLimitBytes) {
    notify(i18n.tooLarge(byteSize(session.uploadLimitBytes)));
    return;
  }
  commands.setPicture(name, { kind: 'file', name: file.name, url: URL.createObjectURL(file), file });
}

/** The files that were dropped or pasted. */
export function picturesOf(transfer: DataTransfer | null): File[] {
  return [...(transfer?.files ?? [])];
}
