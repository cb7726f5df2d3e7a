import { html, nothing, type TemplateResult } from 'lit';
import type { ApiMessage } from '../../../fake-discord/payloads.ts';
import { avatarOf } from '../avatar.ts';
import type { Page } from '../page.ts';
import { attachmentsView } from './attachments-view.ts';
import { componentsView } from './components-view.ts';
import { displayName } from './display-name.ts';
import { embedView } from './embed-view.ts';
import { icon } from './icon.ts';
import { markdownView } from './markdown-view.ts';
import { messageTime } from './message-time.ts';
import { reactionsView } from './reactions-view.ts';
import { replyBar } from './reply-bar.ts';

/** MessageFlags. */
const flag = { ephemeral: 64, loading: 128 } as const;

/** What {@link messageView} draws besides. */
export interface MessageViewOptions {
  page: Page;
  /** Follows another of the same author at once, so the head is left out. */
  isContinued: boolean;
  /** The message whose menu the Tab key reaches; of the others, it reaches what the bot put there. */
  isEntry: boolean;
}

/** A message with all that hangs on it. */
export function messageView(message: ApiMessage, { page, isContinued, isEntry }: MessageViewOptions): TemplateResult {
  const { id, author, flags } = message;
  const { texts, told } = page;
  const name = displayName(author);
  const isEphemeral = (flags & flag.ephemeral) !== 0;
  const isOwn = author.id === told.me.id;
  return html`<discord-message
    id="message-${id}"
    class="message ${isEphemeral ? 'ephemeral' : ''} ${page.state.menu?.messageId === id ? 'has-menu' : ''}"
    role="article"
    aria-label="${name}, ${messageTime(message.timestamp, texts)}"
    tabindex="0"
    data-message-id=${id}
    author=${name}
    avatar=${avatarOf(author)}
    ?bot=${author.bot === true}
    ?message-body-only=${isContinued}
    .timestamp=${messageTime(message.timestamp, texts, { isShort: isContinued })}
    @focusin=${() => page.messages.activate(id)}
  >
    ${replyBar(message, page)} ${bodyView(message, page)} ${attachmentsView(message, page)}
    ${message.embeds.map((embed) => embedView(embed, page))} ${componentsView(message, page)}
    ${reactionsView(message, page)}
    ${isEphemeral ? ephemeralView(message, page) : nothing}
    <div slot="thread" class="message-tools">
      ${isOwn ? toolButton('trash', texts.deleteMessage, () => page.messages.delete(id)) : nothing}
      ${isEphemeral ? nothing : toolButton('reply', texts.reply, () => page.messages.replyTo(id))}
      <button
        type="button"
        id="more-${id}"
        class="tool"
        aria-label=${texts.more(name)}
        title=${texts.menu}
        aria-haspopup="menu"
        tabindex=${isEntry ? '0' : '-1'}
        @click=${({ currentTarget }: Event) => {
          const { left, bottom } = (currentTarget as Element).getBoundingClientRect();
          page.messages.openMenu(id, { left, top: bottom });
        }}
      >
        ${icon('more')}
      </button>
    </div>
  </discord-message>`;
}

function bodyView({ content, flags, edited_timestamp, author }: ApiMessage, page: Page): TemplateResult {
  if ((flags & flag.loading) !== 0) {
    return html`<span class="thinking"><span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>
      ${page.texts.thinking(displayName(author))}</span>`;
  }
  const mark = edited_timestamp === null ? nothing : html` <span class="edited">${page.texts.edited}</span>`;
  return html`<span class="content">${markdownView(content, page)}${content === '' ? nothing : mark}</span>`;
}

function ephemeralView({ id }: ApiMessage, { texts, messages }: Page): TemplateResult {
  return html`<div slot="reactions" class="ephemeral-note">
    ${icon('eye')} ${texts.onlyYou} ·
    <button type="button" class="text-button" @click=${() => messages.delete(id)}>${texts.dismiss}</button>
  </div>`;
}

function toolButton(name: Parameters<typeof icon>[0], label: string, onClick: () => unknown): TemplateResult {
  return html`<button type="button" class="tool" tabindex="-1" aria-label=${label} title=${label} @click=${onClick}>
    ${icon(name)}
  </button>`;
}
