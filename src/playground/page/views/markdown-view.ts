import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { type Block, type Inline, parseMarkdown } from '../markdown.ts';
import type { Page } from '../page.ts';
import { jumpTo } from './focus.ts';
import { displayName } from './person.ts';

const messageLink = /^https:\/\/(?:\w+\.)?discord(?:app)?\.com\/channels\/(?:\d+|@me)\/\d+\/(\d+)$/;

/** A message's content as Discord draws it. */
export function markdownView(content: string, page: Page): TemplateResult[] {
  const blocks = parseMarkdown(content);
  return blocks.map((block, index) => {
    const isLine = block.kind === 'line' && blocks[index + 1]?.kind === 'line';
    return html`${blockView(block, page)}${isLine ? html`<br />` : nothing}`;
  });
}

function blockView(block: Block, page: Page): TemplateResult {
  if (block.kind === 'code') return html`<pre class="code-block" tabindex="0"><code>${block.text}</code></pre>`;
  const inner = block.children.map((node) => inlineView(node, page));
  switch (block.kind) {
    case 'line':
      return html`${inner}`;
    case 'heading':
      return html`<div class="heading heading-${block.level}">${inner}</div>`;
    default:
      return html`<div class="block-${block.kind}">${inner}</div>`;
  }
}

function inlineView(node: Inline, page: Page): TemplateResult {
  const { session, i18n } = page;
  switch (node.kind) {
    case 'text':
      return html`${node.text}`;
    case 'code':
      return html`<code class="inline-code">${node.text}</code>`;
    case 'slash':
      return html`<discord-mention type="slash">${node.name}</discord-mention>`;
    case 'user': {
      const person = session.users.get(node.id);
      const name = person ? displayName(person) : node.id;
      return html`<discord-mention type="user" ?highlight=${node.id === session.me.id}>${name}</discord-mention>`;
    }
    case 'role': {
      const name = session.roles.find(({ id }) => id === node.id)?.name.replace(/^@/, '') ?? node.id;
      return html`<discord-mention type="role">${name}</discord-mention>`;
    }
    case 'channel': {
      const name = session.channels.find(({ id }) => id === node.id)?.name ?? node.id;
      return html`<discord-mention type="channel">${name}</discord-mention>`;
    }
    case 'timestamp':
      return html`<playground-timestamp
        unix=${node.unixSeconds}
        look=${node.style}
        locale=${i18n.locale}
      ></playground-timestamp>`;
    case 'link':
      return linkView(node.url, node.children, page);
    case 'spoiler':
      return html`<span
        class="spoiler"
        role="button"
        tabindex="0"
        aria-label=${i18n.showSpoiler}
        ${ref(revealable)}
        >${node.children.map((child) => inlineView(child, page))}</span
      >`;
    default: {
      const children = node.children.map((child) => inlineView(child, page));
      return styled(node.kind, children);
    }
  }
}

function styled(kind: 'bold' | 'italic' | 'underline' | 'strike', children: TemplateResult[]): TemplateResult {
  if (kind === 'bold') return html`<strong>${children}</strong>`;
  if (kind === 'italic') return html`<em>${children}</em>`;
  return kind === 'underline' ? html`<u>${children}</u>` : html`<s>${children}</s>`;
}

function linkView(url: string, children: readonly Inline[], page: Page): TemplateResult {
  const messageId = messageLink.exec(url)?.[1];
  if (messageId !== undefined) {
    return html`<button type="button" class="jump" @click=${() => jumpTo(messageId)}>${page.i18n.jump}</button>`;
  }
  return html`<a href=${url} target="_blank" rel="noopener noreferrer"
    >${children.map((child) => inlineView(child, page))}</a
  >`;
}

function revealable(element?: Element): void {
  if (!(element instanceof HTMLElement)) return;
  const reveal = () => {
    element.classList.add('shown');
    for (const name of ['role', 'tabindex', 'aria-label']) element.removeAttribute(name);
  };
  element.addEventListener('click', reveal);
  element.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter' || key === ' ') reveal();
  });
}
