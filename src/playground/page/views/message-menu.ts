import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import type { ApiCommand, ApiMessage } from '../../../fake-discord/payloads.ts';
import { localisedName, messageCommands, userCommands } from '../command-entries.ts';
import { plainText } from '../markdown.ts';
import { type Page, shownChannel } from '../page.ts';
import { focusOnMount, moveFocus } from './focus.ts';
import { icon } from './icon.ts';
import { displayName } from './person.ts';

/** Offered besides the emoji that starts the bot and the one that deletes a clip. */
const furtherEmoji = ['👍', '❤️', '😂'] as const;
const deleteEmoji = '❌';

/** The menu of a message: reactions, reply, the bot's commands for the message and for its author, delete. */
export function messageMenu(page: Page): TemplateResult | typeof nothing {
  const { state, session, i18n, messages } = page;
  const { menu } = state;
  const message = session.messages.find(({ id }) => id === menu?.messageId);
  if (menu === null || message === undefined) return nothing;
  const { id, author, flags } = message;
  const isEphemeral = (flags & 64) !== 0;
  const { kind = 'guild', shape = 'text' } = shownChannel(page) ?? {};
  const mayDelete = author.id === session.me.id || (session.isModerator && kind === 'guild');
  const place = { kind, isAdmin: session.isAdmin };
  const apps = messageCommands(session.commands, place);
  const forAuthor = userCommands(session.commands, place);
  const emoji = [...new Set([session.reactionEmoji, deleteEmoji, ...furtherEmoji])];
  const close = () => {
    messages.closeMenu();
    document.getElementById(`more-${id}`)?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      close();
    } else moveFocus(event, { of: event.currentTarget as HTMLElement, selector: '[role=menuitem]' });
  };
  return html`<div class="menu-backdrop" @click=${close} @contextmenu=${prevent(close)}></div>
    <div class="menu" role="menu" aria-label=${i18n.menu} @keydown=${onKey} ${ref(placedAt(menu))}>
      <div class="menu-emoji" role="group">
        ${emoji.map(
          (name, index) => html`<button
            type="button"
            role="menuitem"
            class="menu-emoji-item"
            tabindex="-1"
            aria-label=${i18n.addReaction(name)}
            title=${i18n.addReaction(name)}
            ?disabled=${isEphemeral}
            @click=${() => messages.toggleReaction(id, name)}
            ${index === 0 && !isEphemeral ? ref(focusOnMount) : nothing}
          >
            ${name}
          </button>`,
        )}
      </div>
      ${isEphemeral ? nothing : item(i18n.reply, { icon: 'reply', run: () => messages.replyTo(id) })}
      ${
        isEphemeral || kind !== 'guild' || shape !== 'text'
          ? nothing
          : item(i18n.startThread, { icon: 'thread', run: () => messages.startThread(threadName(message, page)) })
      }
      ${
        isEphemeral
          ? nothing
          : [
              appGroup(i18n.apps, { commands: apps, page, use: (command) => messages.useMessageCommand(command, id) }),
              appGroup(i18n.appsFor(displayName(author)), {
                commands: forAuthor,
                page,
                use: (command) => messages.useUserCommand(command, author.id),
              }),
            ]
      }
      ${
        isEphemeral
          ? item(i18n.dismiss, { icon: 'close', run: () => messages.delete(id), isFirst: true })
          : mayDelete
            ? item(i18n.deleteMessage, { icon: 'trash', run: () => messages.delete(id), isDangerous: true })
            : nothing
      }
    </div>`;
}

interface AppGroupOptions {
  commands: readonly ApiCommand[];
  page: Page;
  use: (command: ApiCommand) => unknown;
}

function appGroup(heading: string, { commands, page, use }: AppGroupOptions): TemplateResult | typeof nothing {
  if (commands.length === 0) return nothing;
  return html`<div role="group" aria-label=${heading}>
    <div class="menu-heading" aria-hidden="true">${heading}</div>
    ${commands.map((command) =>
      item(localisedName(command, page.i18n.locale), { icon: 'bolt', run: () => use(command) }),
    )}
  </div>`;
}

/** Discord's limit is 100 characters. */
const longestName = 40;

/** A thread is called as its message begins. */
function threadName({ content }: ApiMessage, { i18n }: Page): string {
  return plainText(content).split('\n')[0]!.trim().slice(0, longestName).trim() || i18n.newThread;
}

interface ItemOptions {
  icon: Parameters<typeof icon>[0];
  run: () => unknown;
  isDangerous?: boolean;
  isFirst?: boolean;
}

function item(label: string, { icon: name, run, isDangerous = false, isFirst = false }: ItemOptions): TemplateResult {
  return html`<button
    type="button"
    role="menuitem"
    class="menu-item ${isDangerous ? 'dangerous' : ''}"
    tabindex="-1"
    @click=${run}
    ${isFirst ? ref(focusOnMount) : nothing}
  >
    <span>${label}</span>${icon(name)}
  </button>`;
}

function prevent(then: () => void) {
  return (event: Event) => {
    event.preventDefault();
    then();
  };
}

const marginPx = 8;

/** For lit's `ref`: positions a floating element at a point, kept inside the window. */
function placedAt({ left, top }: { left: number; top: number }) {
  return (element?: Element): void => {
    if (!(element instanceof HTMLElement)) return;
    const place = () => {
      const { width, height } = element.getBoundingClientRect();
      element.style.left = `${Math.max(marginPx, Math.min(left, innerWidth - width - marginPx))}px`;
      element.style.top = `${Math.max(marginPx, Math.min(top, innerHeight - height - marginPx))}px`;
    };
    // lit calls a `ref` before it inserts the element.
    queueMicrotask(place);
  };
}
