import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { ref } from 'lit/directives/ref.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ApiMessage } from '../../../fake-discord/payloads.ts';
import { messageTime } from '../format.ts';
import { type Page, shownChannel } from '../page.ts';
import type { Notice } from '../state/page-state.ts';
import { moveFocus } from './focus.ts';
import { forumView } from './forum-view.ts';
import { icon } from './icon.ts';
import { messageView } from './message-view.ts';
import { avatarOf, displayName } from './person.ts';
import { welcomeCard } from './welcome-card.ts';

/** Messages of one author within this time are grouped under one name and avatar. */
const togetherMs = 7 * 60_000;

/** The messages of the channel that is shown. */
export function conversation(page: Page): TemplateResult {
  const { state, session, i18n } = page;
  const channel = shownChannel(page);
  if (channel?.shape === 'forum') return forumView(channel, page);
  const messages = session.messages.filter((message) => message.channel_id === state.channelId);
  const notices = state.notices.filter(({ channelId }) => channelId === state.channelId);
  const firstId = messages[0]?.id ?? '';
  const entryId = messages.some(({ id }) => id === state.activeMessageId) ? state.activeMessageId : messages.at(-1)?.id;
  return html`${keyed(
    state.channelId,
    html`<div class="scroller" ${ref(stickToBottom)}>
      <div class="scroller-inner">
        ${welcomeCard(page)}
        <discord-messages
          class="messages"
          role="log"
          aria-live="off"
          aria-label=${i18n.messages}
          no-background
          @keydown=${(event: KeyboardEvent) => onKey(event, page)}
          @contextmenu=${(event: MouseEvent) => onContextMenu(event, page)}
        >
          ${notices.filter(({ afterMessageId }) => afterMessageId < firstId || firstId === '').map((notice) => noticeView(notice, page))}
          ${repeat(
            messages,
            ({ id }) => id,
            (message, index) => {
              const options = {
                page,
                isContinued: isContinued(message, messages[index - 1]),
                isEntry: message.id === entryId,
              };
              const after = notices.filter(({ afterMessageId }) => afterMessageId === message.id);
              return html`${messageView(message, options)} ${after.map((notice) => noticeView(notice, page))}`;
            },
          )}
        </discord-messages>
        ${typingView(page)}
      </div>
    </div>`,
  )}`;
}

function typingView({ state, session, i18n }: Page): TemplateResult | typeof nothing {
  const isTyping = (state.typingUntilMs[state.channelId] ?? 0) > Date.now();
  return isTyping ? html`<p class="typing">${i18n.typing(displayName(session.bot))}</p>` : nothing;
}

function isContinued(message: ApiMessage, before: ApiMessage | undefined): boolean {
  if (before === undefined || before.author.id !== message.author.id) return false;
  const isLinked = message.interaction_metadata !== undefined || message.message_reference !== undefined;
  if (isLinked || ((message.flags ^ before.flags) & 64) !== 0) return false;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) < togetherMs;
}

function onKey(event: KeyboardEvent, { messages }: Page): void {
  const { target, currentTarget, key } = event;
  if (!(target instanceof HTMLElement) || !target.matches('.message')) return;
  const { messageId } = target.dataset;
  if (key === 'Enter' && messageId !== undefined) {
    event.preventDefault();
    const { left, top } = target.getBoundingClientRect();
    messages.openMenu(messageId, { left: left + 72, top: Math.max(top, 0) + 24 });
    return;
  }
  moveFocus(event, { of: currentTarget as HTMLElement, selector: '.message' });
}

function onContextMenu(event: MouseEvent, { messages }: Page): void {
  const { target } = event;
  if (!(target instanceof Element) || target.closest('a, video') !== null) return;
  const messageId = target.closest<HTMLElement>('.message')?.dataset.messageId;
  if (messageId === undefined) return;
  event.preventDefault();
  // Opened from the keyboard, the event has no mouse position.
  const { left, top } = target.getBoundingClientRect();
  const isMouse = event.clientX > 0 || event.clientY > 0;
  messages.openMenu(messageId, isMouse ? { left: event.clientX, top: event.clientY } : { left: left + 72, top });
}

/** The notice that Discord shows when the application did not respond. */
function noticeView({ id, command, text, atMs }: Notice, { session, i18n, messages }: Page): TemplateResult {
  const time = messageTime(new Date(atMs).toISOString(), i18n);
  return html`<discord-message
    class="message ephemeral"
    role="article"
    author=${displayName(session.bot)}
    avatar=${avatarOf(session.bot)}
    bot
    .timestamp=${time}
  >
    <div slot="reply" class="reply-bar">
      <img class="small-avatar" src=${avatarOf(session.me)} alt="" />
      <span class="reply-name">${displayName(session.me)}</span> ${i18n.used} <span class="used-command">/${command}</span>
    </div>
    <span class="failure" role="alert">${icon('warn')} ${text}</span>
    <div slot="reactions" class="ephemeral-note">
      ${icon('eye')} ${i18n.onlyYou} ·
      <button type="button" class="text-button" @click=${() => messages.dismissNotice(id)}>${i18n.dismiss}</button>
    </div>
  </discord-message>`;
}

/** Distance from the end, in pixels, that still counts as being at the end. */
const nearPx = 60;

/** For lit's `ref`: keeps a scrolling element at its end while its content grows, unless the person scrolled up. */
function stickToBottom(element?: Element): void {
  if (!(element instanceof HTMLElement)) return;
  let isAtEnd = true;
  let settledSizes = '';
  const sizes = () => `${element.scrollHeight} ${element.clientHeight}`;
  const settle = () => {
    settledSizes = sizes();
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  };
  element.addEventListener('scroll', () => {
    // This scroll event comes from a change of size, not from the person.
    if (sizes() !== settledSizes) return;
    isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < nearPx;
  });
  const observer = new ResizeObserver(settle);
  observer.observe(element);
  for (const child of element.children) observer.observe(child);
}
