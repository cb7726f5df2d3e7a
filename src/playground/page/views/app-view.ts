import { html, nothing, type TemplateResult } from 'lit';
import type { PlaygroundChannel } from '../../protocol.ts';
import { pageMessages } from '../messages/all-page-messages.ts';
import { type Page, shownChannel } from '../page.ts';
import type { PageState } from '../state/page-state.ts';
import { composer } from './composer.ts';
import { conversation } from './conversation.ts';
import { botStateDot, channelIcon, icon } from './icon.ts';
import { messageMenu } from './message-menu.ts';
import { modalView } from './modal-view.ts';
import { displayName } from './person.ts';
import { sidePanel } from './side-panel.ts';
import { channelList } from './sidebar.ts';

/** The whole page. */
export function appView(page: Page): TemplateResult {
  const { state, i18n, view } = page;
  const isDrawerOpen = state.isChannelListOpen || state.isPanelOpen;
  return html`<a class="skip-link" href="#composer" @click=${skip}>${i18n.skipToComposer}</a>
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

function banner({ state, i18n }: Page): TemplateResult | typeof nothing {
  if (state.connection === 'open' || state.connection === 'connecting') return nothing;
  return html`<p class="banner" role="alert">${state.connection === 'closed' ? i18n.lostForGood : i18n.lost}</p>`;
}

function closeDrawers({ state, view }: Page): void {
  view.showChannelList(false);
  if (state.isPanelOpen) void view.showPanel(false);
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('composer')?.focus();
}

/** The header above the messages: the channel, the model, the bot's state, and the button of the panel. */
function channelHeader(page: Page): TemplateResult {
  const { session, i18n, state, view } = page;
  const channel = shownChannel(page);
  const isDm = channel?.kind === 'dm';
  return html`<header class="channel-header">
    <button
      type="button"
      class="tool only-narrow"
      aria-label=${i18n.channelList}
      aria-expanded=${state.isChannelListOpen}
      @click=${() => view.showChannelList(!state.isChannelListOpen)}
    >
      ${icon('menu')}
    </button>
    ${icon(channel === undefined ? 'hash' : channelIcon(channel))}
    <h2>${isDm ? displayName(session.bot) : channel?.name}</h2>
    ${channel?.shape === 'thread' ? archiveButton(channel, page) : nothing}
    <span class="model-name" title=${session.model.description}>${session.model.name}</span>
    <span class="bot-state" data-state=${session.botState}>
      ${botStateDot(session.botState, i18n)}
      <span>${displayName(session.bot)} <span class="bot-state-words">${i18n.botStates[session.botState]}</span></span>
    </span>
    <button
      type="button"
      class="button panel-button"
      aria-expanded=${state.isPanelOpen}
      aria-label=${state.isPanelOpen ? i18n.closePanel : i18n.openPanel}
      title=${state.isPanelOpen ? i18n.closePanel : i18n.openPanel}
      @click=${() => view.showPanel(!state.isPanelOpen)}
    >
      ${icon('panel')} <span class="wide-only">${i18n.panel}</span>
    </button>
  </header>`;
}

function archiveButton({ id, archived }: PlaygroundChannel, { i18n, view }: Page): TemplateResult {
  const label = archived ? i18n.reopen : i18n.archive;
  return html`<button
    type="button"
    class="tool"
    aria-label=${label}
    title=${label}
    aria-pressed=${archived}
    @click=${() => view.archiveThread(id, !archived)}
  >
    ${icon('archive')}
  </button>`;
}

/** Shown until the server's welcome has arrived. */
export function waitingView({ language, connection }: PageState): TemplateResult {
  const { connecting, lost, lostForGood } = pageMessages[language];
  const text = { connecting, open: connecting, lost, closed: lostForGood }[connection];
  return html`<main class="waiting" role="status"><span class="waiting-wheel" aria-hidden="true"></span>${text}</main>`;
}
