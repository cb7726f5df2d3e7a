import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { fullName } from '../command-entries.ts';
import type { Page } from '../page.ts';
import { commandFormView } from './command-form-view.ts';
import { commandList, matchingEntries } from './command-list.ts';
import { displayName } from './display-name.ts';
import { icon } from './icon.ts';
import { picturesOf } from './pictures-of.ts';

/** Where one writes: the box, the command list above it, and the form of a chosen command. */
export function composer(page: Page): TemplateResult {
  const { state, told, texts, messages } = page;
  const channel = told.channels.find(({ id }) => id === state.channelId);
  const place = channel?.kind === 'dm' ? `@${displayName(told.bot)}` : `#${channel?.name ?? ''}`;
  const isListOpen = state.draft.startsWith('/') && state.form === null;
  const active = matchingEntries(page)[state.commandIndex];
  return html`<div class="composer">
    ${state.form === null ? nothing : commandFormView(state.form, page)} ${isListOpen ? commandList(page) : nothing}
    ${replyingTo(page)} ${draftFiles(page)}
    <form
      class="composer-box"
      @submit=${(event: Event) => {
        event.preventDefault();
        void messages.post();
      }}
      @dragover=${(event: Event) => event.preventDefault()}
      @drop=${(event: DragEvent) => {
        event.preventDefault();
        messages.attach(picturesOf(event.dataTransfer));
      }}
    >
      <label class="tool" title=${texts.attach}>
        <input
          class="visually-hidden"
          type="file"
          accept="image/*"
          multiple
          aria-label=${texts.attach}
          @change=${({ currentTarget }: Event) => {
            const input = currentTarget as HTMLInputElement;
            messages.attach([...(input.files ?? [])]);
            input.value = '';
          }}
        />
        ${icon('plus')}
      </label>
      <textarea
        id="composer"
        rows="1"
        placeholder=${texts.composer(place)}
        aria-label=${texts.composer(place)}
        role="combobox"
        aria-expanded=${isListOpen}
        aria-controls="command-list"
        aria-autocomplete="list"
        aria-activedescendant=${isListOpen && active ? `command-${fullName(active).replaceAll(' ', '-')}` : nothing}
        .value=${live(state.draft)}
        @input=${({ currentTarget }: Event) => messages.setDraft((currentTarget as HTMLTextAreaElement).value)}
        @keydown=${(event: KeyboardEvent) => onKey(event, page)}
        @paste=${(event: ClipboardEvent) => {
          const pictures = picturesOf(event.clipboardData);
          if (pictures.length > 0) messages.attach(pictures);
        }}
      ></textarea>
      <button
        type="button"
        class="tool slash-button"
        aria-label=${texts.commands}
        title=${texts.commands}
        @click=${() => {
          messages.setDraft(isListOpen ? '' : '/');
          document.getElementById('composer')?.focus();
        }}
      >
        ${icon('slash')}
      </button>
      <button type="submit" class="tool" aria-label=${texts.send} title=${texts.send}>${icon('send')}</button>
    </form>
  </div>`;
}

function onKey(event: KeyboardEvent, page: Page): void {
  const { state, messages, commands } = page;
  const { key } = event;
  if (state.draft.startsWith('/')) {
    const entries = matchingEntries(page);
    const move = { ArrowDown: 1, ArrowUp: -1 }[key];
    const entry = entries[state.commandIndex];
    if (move !== undefined && entries.length > 0) {
      event.preventDefault();
      page.view.highlightCommand((state.commandIndex + move + entries.length) % entries.length);
    } else if ((key === 'Enter' || key === 'Tab') && entry !== undefined) {
      event.preventDefault();
      commands.openForm(entry);
    } else if (key === 'Escape') {
      event.preventDefault();
      messages.setDraft('');
    }
  }
  const isSending = key === 'Enter' && !event.shiftKey && !event.isComposing && !event.defaultPrevented;
  if (isSending) {
    event.preventDefault();
    void messages.post();
  } else if (key === 'Escape' && state.replyTo !== null) messages.replyTo(null);
}

function replyingTo({ state, told, texts, messages }: Page): TemplateResult | typeof nothing {
  const message = told.messages.find(({ id }) => id === state.replyTo);
  if (message === undefined) return nothing;
  return html`<div class="composer-strip">
    <span>${texts.replyingTo(displayName(message.author))}</span>
    <button type="button" class="tool small" aria-label=${texts.cancelReply} @click=${() => messages.replyTo(null)}>
      ${icon('close')}
    </button>
  </div>`;
}

function draftFiles({ state, texts, messages }: Page): TemplateResult | typeof nothing {
  if (state.draftFiles.length === 0) return nothing;
  return html`<ul class="composer-strip draft-files">
    ${state.draftFiles.map(
      ({ file, url }, index) => html`<li class="draft-file">
        <img src=${url} alt=${file.name} />
        <button
          type="button"
          class="tool small"
          aria-label=${texts.remove(file.name)}
          @click=${() => messages.detach(index)}
        >
          ${icon('trash')}
        </button>
      </li>`,
    )}
  </ul>`;
}
