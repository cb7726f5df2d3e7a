import { html, nothing, type TemplateResult } from 'lit';
import type { ApiMessage, ApiUser, Json, JsonObject } from '../../../fake-discord/payloads.ts';
import { avatarOf } from '../avatar.ts';
import { localisedName } from '../localised.ts';
import { plainText } from '../markdown/plain-text.ts';
import type { Page } from '../page.ts';
import { displayName } from './display-name.ts';
import { jumpTo } from './jump-to.ts';

/** The line above a message: who used which command, or what it replies to. */
export function replyBar(message: ApiMessage, page: Page): TemplateResult | typeof nothing {
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

function usedBar(user: ApiUser, name: string, { texts }: Page): TemplateResult {
  return html`<div slot="reply" class="reply-bar">
    <img class="small-avatar" src=${avatarOf(user)} alt="" />
    <span class="reply-name">${displayName(user)}</span> ${texts.used} <span class="used-command">${name}</span>
  </div>`;
}

function quoteBar(id: string, sent: Json | undefined, { told, texts }: Page): TemplateResult {
  const quoted =
    told.messages.find((other) => other.id === id) ?? (asObject(sent) as unknown as ApiMessage | undefined);
  if (quoted === undefined) {
    return html`<div slot="reply" class="reply-bar"><em>${texts.deletedReply}</em></div>`;
  }
  const text = plainText(quoted.content).split('\n')[0];
  return html`<div slot="reply" class="reply-bar">
    <img class="small-avatar" src=${avatarOf(quoted.author)} alt="" />
    <span class="reply-name">${displayName(quoted.author)}</span>
    <button type="button" class="reply-text" @click=${() => jumpTo(id)}>${text || texts.clickForPicture}</button>
  </div>`;
}

function shownCommand(name: Json | undefined, metadata: JsonObject | undefined, { told, texts }: Page): string {
  const isMenu = metadata?.target_message_id !== undefined;
  const command = told.commands.find((other) => other.name === name && (other.type === 1) === !isMenu);
  const shown = command ? localisedName(command, texts.locale) : String(name);
  return isMenu ? shown : `/${shown}`;
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}
