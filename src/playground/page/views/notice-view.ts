import { html, type TemplateResult } from 'lit';
import { avatarOf } from '../avatar.ts';
import type { Page } from '../page.ts';
import type { Notice } from '../state/page-state.ts';
import { displayName } from './display-name.ts';
import { icon } from './icon.ts';
import { messageTime } from './message-time.ts';

/** What Discord shows in place of an answer that never came. */
export function noticeView({ id, command, text, atMs }: Notice, { told, texts, messages }: Page): TemplateResult {
  const time = messageTime(new Date(atMs).toISOString(), texts);
  return html`<discord-message
    class="message ephemeral"
    role="article"
    author=${displayName(told.bot)}
    avatar=${avatarOf(told.bot)}
    bot
    .timestamp=${time}
  >
    <div slot="reply" class="reply-bar">
      <img class="small-avatar" src=${avatarOf(told.me)} alt="" />
      <span class="reply-name">${displayName(told.me)}</span> ${texts.used} <span class="used-command">/${command}</span>
    </div>
    <span class="failure" role="alert">${icon('warn')} ${text}</span>
    <div slot="reactions" class="ephemeral-note">
      ${icon('eye')} ${texts.onlyYou} ·
      <button type="button" class="text-button" @click=${() => messages.dismissNotice(id)}>${texts.dismiss}</button>
    </div>
  </discord-message>`;
}
