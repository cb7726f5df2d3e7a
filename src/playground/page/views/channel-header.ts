import { html, type TemplateResult } from 'lit';
import type { Page } from '../page.ts';
import { botStateDot } from './bot-state-dot.ts';
import { displayName } from './display-name.ts';
import { icon } from './icon.ts';

/** The line above the messages: where one is, how the bot fares, and the way to the panel. */
export function channelHeader({ told, texts, state, view }: Page): TemplateResult {
  const channel = told.channels.find(({ id }) => id === state.channelId);
  const isDm = channel?.kind === 'dm';
  return html`<header class="channel-header">
    <button
      type="button"
      class="tool only-narrow"
      aria-label=${texts.channelList}
      aria-expanded=${state.isChannelListOpen}
      @click=${() => view.showChannelList(!state.isChannelListOpen)}
    >
      ${icon('menu')}
    </button>
    ${icon(isDm ? 'at' : 'hash')}
    <h2>${isDm ? displayName(told.bot) : channel?.name}</h2>
    <span class="model-name" title=${told.model.description}>${told.model.name}</span>
    <span class="bot-state" data-state=${told.botState}>
      ${botStateDot(told.botState, texts)}
      <span>${displayName(told.bot)} <span class="bot-state-words">${texts.botStates[told.botState]}</span></span>
    </span>
    <button
      type="button"
      class="button panel-button"
      aria-expanded=${state.isPanelOpen}
      aria-label=${state.isPanelOpen ? texts.closePanel : texts.openPanel}
      title=${state.isPanelOpen ? texts.closePanel : texts.openPanel}
      @click=${() => view.showPanel(!state.isPanelOpen)}
    >
      ${icon('panel')} <span class="wide-only">${texts.panel}</span>
    </button>
  </header>`;
}
