import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import {
  type CommandEntry,
  commandEntries,
  describedBy,
  fullName,
  localisedDescription,
  shownName,
} from '../command-entries.ts';
import { type Page, shownChannel } from '../page.ts';
import { commandFormView } from './command-form-view.ts';
import { icon } from './icon.ts';
import { avatarOf, displayName } from './person.ts';
import { picturesOf } from './picture-field.ts';

/** The message box, with the command list and the form of a chosen command above it. */
export function composer(page: Page): TemplateResult {
  const { state, session, i18n, messages } = page;
  const channel = shownChannel(page);
  const isForum = channel?.shape === 'forum';
  const isThread = channel?.shape === 'thread';
  const place =
    channel?.kind === 'dm' ? `@${displayName(session.bot)}` : `${isThread ? '' : '#'}${channel?.name ?? ''}`;
  const isListOpen = state.draft.startsWith('/') && state.form === null && !isForum;
  const shortLabel = isForum ? i18n.postText : i18n.composerShort(place);
  const label = isForum || isThread ? shortLabel : i18n.composer(place);
  const active = matchingEntries(page)[state.commandIndex];
  return html`<div class="composer">
    ${state.form === null ? nothing : commandFormView(state.form, page)} ${isListOpen ? commandList(page) : nothing}
    ${replyingTo(page)} ${draftFiles(page)} ${isForum ? titleField(page) : nothing}
    <form
      class="composer-box"
      @submit=${(event: Event) => {
        event.preventDefault();
        void sendDraft(page);
      }}
      @dragover=${(event: Event) => event.preventDefault()}
      @drop=${(event: DragEvent) => {
        event.preventDefault();
        messages.attach(picturesOf(event.dataTransfer));
      }}
    >
      <label class="tool" title=${i18n.attach}>
        <input
          class="visually-hidden"
          type="file"
          accept="image/*"
          multiple
          aria-label=${i18n.attach}
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
        placeholder=${matchMedia('(max-width: 900px)').matches ? shortLabel : label}
        aria-label=${label}
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
      ${isForum ? nothing : slashButton(page, isListOpen)}
      <button type="submit" class="tool" aria-label=${isForum ? i18n.post : i18n.send} title=${isForum ? i18n.post : i18n.send}>${icon('send')}</button>
    </form>
  </div>`;
}

function slashButton({ i18n, messages }: Page, isListOpen: boolean): TemplateResult {
  return html`<button
  type="button"
  class="tool slash-button"
  aria-label=${i18n.commands}
  title=${i18n.commands}
  @click=${() => {
    messages.setDraft(isListOpen ? '' : '/');
    document.getElementById('composer')?.focus();
  }}
>
  ${icon('slash')}
</button>`;
}

function sendDraft(page: Page): Promise<void> {
  return shownChannel(page)?.shape === 'forum' ? page.messages.postToForum() : page.messages.post();
}

function titleField({ state, i18n, messages }: Page): TemplateResult {
  return html`<input
    class="post-title"
    type="text"
    maxlength="100"
    autocomplete="off"
    placeholder=${i18n.postTitle}
    aria-label=${i18n.postTitle}
    .value=${live(state.draftTitle)}
    @input=${({ currentTarget }: Event) => messages.setTitle((currentTarget as HTMLInputElement).value)}
  />`;
}

function onKey(event: KeyboardEvent, page: Page): void {
  const { state, messages, commands } = page;
  const { key } = event;
  if (shownChannel(page)?.shape !== 'forum' && state.draft.startsWith('/')) {
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
    void sendDraft(page);
  } else if (key === 'Escape' && state.replyTo !== null) messages.replyTo(null);
}

function replyingTo({ state, session, i18n, messages }: Page): TemplateResult | typeof nothing {
  const message = session.messages.find(({ id }) => id === state.replyTo);
  if (message === undefined) return nothing;
  return html`<div class="composer-strip">
    <span>${i18n.replyingTo(displayName(message.author))}</span>
    <button type="button" class="tool small" aria-label=${i18n.cancelReply} @click=${() => messages.replyTo(null)}>
      ${icon('close')}
    </button>
  </div>`;
}

function draftFiles({ state, i18n, messages }: Page): TemplateResult | typeof nothing {
  if (state.draftFiles.length === 0) return nothing;
  return html`<ul class="composer-strip draft-files">
    ${state.draftFiles.map(
      ({ file, url }, index) => html`<li class="draft-file">
        <img src=${url} alt=${file.name} />
        <button
          type="button"
          class="tool small"
          aria-label=${i18n.remove(file.name)}
          @click=${() => messages.detach(index)}
        >
          ${icon('trash')}
        </button>
      </li>`,
    )}
  </ul>`;
}

/** The commands whose name starts with the text after the slash, then those that contain it. */
function matchingEntries(page: Page): CommandEntry[] {
  const { state, session, i18n } = page;
  const kind = shownChannel(page)?.kind ?? 'guild';
  const sought = state.draft.slice(1).trim().toLowerCase();
  const named = commandEntries(session.commands, { kind, isAdmin: session.isAdmin }).map((entry) => ({
    entry,
    names: [fullName(entry), shownName(entry, i18n.locale)].map((name) => name.toLowerCase()),
  }));
  const begins = named.filter(({ names }) => names.some((name) => name.startsWith(sought)));
  const holds = named.filter((other) => !begins.includes(other) && other.names.some((name) => name.includes(sought)));
  return [...begins, ...holds].map(({ entry }) => entry);
}

/** The list of the bot's commands that opens when a slash is typed, as in Discord. */
function commandList(page: Page): TemplateResult {
  const { state, session, i18n, commands } = page;
  const entries = matchingEntries(page);
  return html`<div class="popover">
    <div class="popover-head">
      <img class="small-avatar" src=${avatarOf(session.bot)} alt="" /> ${displayName(session.bot)}
    </div>
    <ul id="command-list" class="command-list" role="listbox" aria-label=${i18n.commandList}>
      ${entries.map(
        (entry, index) => html`<li
          id="command-${fullName(entry).replaceAll(' ', '-')}"
          class="command-item"
          role="option"
          aria-selected=${index === state.commandIndex}
          @mousedown=${(event: Event) => event.preventDefault()}
          @click=${() => commands.openForm(entry)}
        >
          <span class="command-name">/${shownName(entry, i18n.locale)}</span>
          <span class="command-description">${localisedDescription(describedBy(entry), i18n.locale)}</span>
        </li>`,
      )}
    </ul>
    ${entries.length === 0 ? html`<p class="popover-empty">${i18n.noCommand}</p>` : ''}
  </div>`;
}
