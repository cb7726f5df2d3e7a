import { html, nothing, type TemplateResult } from 'lit';
import type { Page } from '../page.ts';
import { channelHeader } from './channel-header.ts';
import { channelList } from './channel-list.ts';
import { composer } from './composer.ts';
import { conversation } from './conversation.ts';
import { messageMenu } from './message-menu.ts';
import { modalView } from './modal-view.ts';
import { sidePanel } from './side-panel.ts';

/** The whole page. */
export function appView(page: Page): TemplateResult {
  const { state, texts, view } = page;
  const isDrawerOpen = state.isChannelListOpen || state.isPanelOpen;
  return html`<a class="skip-link" href="#composer" @click=${skip}>${texts.skipToComposer}</a>
    <div
      class="app ${state.isPanelOpen ? 'with-panel' : ''}"
      @keydown=${({ key, defaultPrevented }: KeyboardEvent) => {
        if (key === 'Escape' && !defaultPrevented && state.isChannelListOpen) view.showChannelList(false);
      }}
    >
      ${channelList(page)}
      <main class="main">
        ${channelHeader(page)} ${banner(page)} ${conversation(page)} ${composer(page)}
      </main>
      ${sidePanel(page)}
      ${isDrawerOpen ? html`<div class="drawer-backdrop" @click=${() => closeDrawers(page)}></div>` : nothing}
    </div>
    ${messageMenu(page)} ${modalView(page)}
    <div class="toast-place" role="status">
      ${state.toast === null ? nothing : html`<div class="toast ${state.toast.isProblem ? 'bad' : ''}">${state.toast.text}</div>`}
    </div>
    <div class="visually-hidden" role="status" aria-live="polite">${state.announcement}</div>`;
}

function banner({ state, texts }: Page): TemplateResult | typeof nothing {
  if (state.connection === 'open' || state.connection === 'connecting') return nothing;
  return html`<p class="banner" role="alert">${state.connection === 'closed' ? texts.lostForGood : texts.lost}</p>`;
}

function closeDrawers({ state, view }: Page): void {
  view.showChannelList(false);
  if (state.isPanelOpen) void view.showPanel(false);
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('composer')?.focus();
}
