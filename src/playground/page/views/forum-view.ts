import { html, nothing, type TemplateResult } from 'lit';
import type { ApiMessage } from '../../../fake-discord/payloads.ts';
import type { PlaygroundChannel } from '../../protocol.ts';
import { plainText } from '../markdown.ts';
import type { Page } from '../page.ts';
import { avatarOf, displayName } from './person.ts';

/** A forum: its posts, the latest first. */
export function forumView({ id, name }: PlaygroundChannel, page: Page): TemplateResult {
  const { session, i18n } = page;
  const posts = session.channels.filter(({ parentId }) => parentId === id).reverse();
  return html`<div class="scroller">
    <section class="welcome place-head" aria-labelledby="welcome-title">
      <h2 id="welcome-title">${name}</h2>
      <p class="welcome-beginning">${i18n.forum}</p>
    </section>
    ${posts.length === 0 ? html`<p class="empty">${i18n.noPosts}</p>` : nothing}
    <ul class="posts">
      ${posts.map((post) => html`<li>${postView(post, page)}</li>`)}
    </ul>
  </div>`;
}

function postView({ id, name, archived }: PlaygroundChannel, { session, i18n, view }: Page): TemplateResult {
  const messages = session.messages.filter(({ channel_id }) => channel_id === id);
  const [first] = messages;
  const picture = first?.attachments.find(({ content_type }) => content_type?.startsWith('image/'));
  return html`<button type="button" class="post" @click=${() => view.showChannel(id)}>
    <span class="post-words">
      ${first === undefined ? nothing : authorView(first)}
      <strong>${name}</strong>
      <span class="hint">${plainText(first?.content ?? '')}</span>
      <span class="hint">💬 ${messages.length}${archived ? ` · ${i18n.archived}` : ''}</span>
    </span>
    ${picture === undefined ? nothing : html`<img class="post-picture" src=${picture.url} alt="" />`}
  </button>`;
}

function authorView({ author }: ApiMessage): TemplateResult {
  return html`<span class="post-author"
    ><img class="small-avatar" src=${avatarOf(author)} alt="" />${displayName(author)}</span
  >`;
}
