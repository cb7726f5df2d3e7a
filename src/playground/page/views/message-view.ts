import { html, nothing, type TemplateResult } from 'lit';
import type { ApiMessage, ApiUser, Json, JsonObject } from '../../../fake-discord/payloads.ts';
import { shownName } from '../command-entries.ts';
import { messageTime } from '../format.ts';
import { plainText } from '../markdown.ts';
import type { Page } from '../page.ts';
import { attachmentsView, embedView } from './attachments-view.ts';
import { componentsView } from './components-view.ts';
import { jumpTo } from './focus.ts';
import { icon } from './icon.ts';
import { markdownView } from './markdown-view.ts';
import { avatarOf, displayName } from './person.ts';

/** MessageFlags. */
const flag = { ephemeral: 64, loading: 128 } as const;

/** Options of {@link messageView}. */
export interface MessageViewOptions {
  page: Page;
  /** Grouped with the previous message of the same author, so name and avatar are left out. */
  isContinued: boolean;
  /** The one message whose menu button is in the tab order; in the others, only the bot's components are. */
  isEntry: boolean;
}

/** A message with its reply line, attachments, embeds, components and reactions. */
export function messageView(message: ApiMessage, { page, isContinued, isEntry }: MessageViewOptions): TemplateResult {
  const { id, author, flags } = message;
  const { i18n, session } = page;
  const name = displayName(author);
  const isEphemeral = (flags & flag.ephemeral) !== 0;
  const isOwn = author.id === session.me.id;
  return html`<discord-message
    id="message-${id}"
    class="message ${isEphemeral ? 'ephemeral' : ''} ${page.state.menu?.messageId === id ? 'has-menu' : ''}"
    role="article"
    aria-label="${name}, ${messageTime(message.timestamp, i18n)}"
    tabindex="0"
    data-message-id=${id}
    author=${name}
    avatar=${avatarOf(author)}
    ?bot=${author.bot === true}
    ?message-body-only=${isContinued}
    .timestamp=${messageTime(message.timestamp, i18n, { isShort: isContinued })}
    @focusin=${() => page.messages.activate(id)}
  >
    ${replyBar(message, page)} ${bodyView(message, page)} ${forwardsView(message, page)} ${stickersView(message)}
    ${attachmentsView(message, page)}
    ${message.embeds.map((embed) => embedView(embed, page))} ${componentsView(message, page)}
    ${reactionsView(message, page)}
    ${isEphemeral ? ephemeralView(message, page) : nothing}
    <div slot="thread" class="message-tools">
      ${isOwn ? toolButton('trash', i18n.deleteMessage, () => page.messages.delete(id)) : nothing}
      ${isEphemeral ? nothing : toolButton('reply', i18n.reply, () => page.messages.replyTo(id))}
      <button
        type="button"
        id="more-${id}"
        class="tool"
        aria-label=${i18n.more(name)}
        title=${i18n.menu}
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
      ${page.i18n.thinking(displayName(author))}</span>`;
  }
  const mark = edited_timestamp === null ? nothing : html` <span class="edited">${page.i18n.edited}</span>`;
  return html`<span class="content">${markdownView(content, page)}${content === '' ? nothing : mark}</span>`;
}

/** Copies of the messages that a message forwards: of whom and from where they are, nobody is told. */
function forwardsView({ message_snapshots: snapshots }: ApiMessage, page: Page): TemplateResult[] {
  return objectsOf(snapshots).flatMap((snapshot) => {
    const copy = asObject(snapshot.message) as unknown as ApiMessage | undefined;
    if (copy === undefined) return [];
    return html`<div class="forward">
      <span class="hint">${icon('reply')} ${page.i18n.forwarded}</span>
      <span class="content">${markdownView(copy.content, page)}</span>
      ${stickersView(copy)} ${attachmentsView(copy, page)} ${copy.embeds.map((embed) => embedView(embed, page))}
    </div>`;
  });
}

function stickersView({ sticker_items: stickers }: ApiMessage): TemplateResult[] {
  return objectsOf(stickers).map(({ name, url }) =>
    typeof url === 'string'
      ? html`<img class="sticker" src=${url} alt=${String(name)} title=${String(name)} />`
      : html`<span class="hint">${String(name)}</span>`,
  );
}

function objectsOf(list: Json | undefined): JsonObject[] {
  return Array.isArray(list) ? list.map(asObject).filter((item) => item !== undefined) : [];
}

function ephemeralView({ id }: ApiMessage, { i18n, messages }: Page): TemplateResult {
  return html`<div slot="reactions" class="ephemeral-note">
    ${icon('eye')} ${i18n.onlyYou} ·
    <button type="button" class="text-button" @click=${() => messages.delete(id)}>${i18n.dismiss}</button>
  </div>`;
}

function toolButton(name: Parameters<typeof icon>[0], label: string, onClick: () => unknown): TemplateResult {
  return html`<button type="button" class="tool" tabindex="-1" aria-label=${label} title=${label} @click=${onClick}>
    ${icon(name)}
  </button>`;
}

/** The line above a message: who used which command, or what it replies to. */
function replyBar(message: ApiMessage, page: Page): TemplateResult | typeof nothing {
  const metadata = asObject(message.interaction_metadata);
  const command = asObject(message.interaction);
  if (command !== undefined) {
    return usedBar(command.user as unknown as ApiUser, shownCommand(command.name, metadata, page), page);
  }
  const interacted =
    metadata?.interacted_message_id ?? asObject(metadata?.triggering_interaction_metadata)?.interacted_message_id;
  const referenced = asObject(message.message_reference)?.message_id ?? interacted;
  return typeof referenced === 'string' ? quoteBar(referenced, message.referenced_message, page) : nothing;
}

function usedBar(user: ApiUser, name: string, { i18n }: Page): TemplateResult {
  return html`<div slot="reply" class="reply-bar">
    <img class="small-avatar" src=${avatarOf(user)} alt="" />
    <span class="reply-name">${displayName(user)}</span> ${i18n.used} <span class="used-command">${name}</span>
  </div>`;
}

function quoteBar(id: string, sent: Json | undefined, { session, i18n }: Page): TemplateResult {
  const quoted =
    session.messages.find((other) => other.id === id) ?? (asObject(sent) as unknown as ApiMessage | undefined);
  if (quoted === undefined) {
    return html`<div slot="reply" class="reply-bar"><em>${i18n.deletedReply}</em></div>`;
  }
  const text = plainText(quoted.content).split('\n')[0];
  return html`<div slot="reply" class="reply-bar">
    <img class="small-avatar" src=${avatarOf(quoted.author)} alt="" />
    <span class="reply-name">${displayName(quoted.author)}</span>
    <button type="button" class="reply-text" @click=${() => jumpTo(id)}>${text || i18n.clickForPicture}</button>
  </div>`;
}

function shownCommand(name: Json | undefined, metadata: JsonObject | undefined, { session, i18n }: Page): string {
  const isMenu = metadata?.target_message_id !== undefined || metadata?.target_user !== undefined;
  // A menu's command may have spaces in its name; a slash command's subcommands stand after spaces.
  const [first, ...path] = isMenu ? [name] : String(name).split(' ');
  const command = session.commands.find((other) => other.name === first && (other.type === 1) === !isMenu);
  const shown = command ? shownName({ command, path: path.map(String) }, i18n.locale) : String(name);
  return isMenu ? shown : `/${shown}`;
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

/** The reactions of a message; a click adds or removes the person's own. */
function reactionsView({ id, reactions = [] }: ApiMessage, page: Page): TemplateResult | typeof nothing {
  if (reactions.length === 0) return nothing;
  const { state, i18n, messages } = page;
  return html`<discord-reactions slot="reactions">
    ${reactions.map(({ emoji, count }) => {
      const isOwn = state.ownReactions.has(`${id} ${emoji.name}`);
      return html`<button
        type="button"
        class="reaction"
        aria-pressed=${isOwn}
        aria-label=${isOwn ? i18n.removeReaction(emoji.name, count) : i18n.react(emoji.name, count)}
        @click=${() => messages.toggleReaction(id, emoji.name)}
      >
        <span class="emoji">${emoji.name}</span> ${count}
      </button>`;
    })}
  </discord-reactions>`;
}
