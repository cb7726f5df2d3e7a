import { html, type TemplateResult } from 'lit';
import type { PlaygroundChannel } from '../../protocol.ts';
import { avatarOf } from '../avatar.ts';
import type { Page } from '../page.ts';
import { botStateDot } from './bot-state-dot.ts';
import { displayName } from './display-name.ts';
import { icon } from './icon.ts';
import { personBar } from './person-bar.ts';

/** The conversations, and at the foot who one is. */
export function channelList(page: Page): TemplateResult {
  const { told, texts, state, view } = page;
  const guild = told.channels.filter(({ kind }) => kind === 'guild');
  const direct = told.channels.filter(({ kind }) => kind === 'dm');
  return html`<nav class="sidebar ${state.isChannelListOpen ? 'open' : ''}" aria-label=${texts.channelList}>
    <div class="sidebar-head">
      <img class="sidebar-drum" src=${avatarOf(told.bot)} alt="" width="28" height="28" />
      <h1>${texts.server}</h1>
      <button
        type="button"
        class="tool only-narrow"
        aria-label=${texts.closeList}
        @click=${() => view.showChannelList(false)}
      >
        ${icon('close')}
      </button>
    </div>
    <div class="sidebar-channels">
      <h2>${texts.textChannels}</h2>
      <ul>
        ${guild.map((channel) => entry(channel, html`${icon('hash')} ${channel.name}`, page))}
      </ul>
      <h2>${texts.directMessages}</h2>
      <ul>
        ${direct.map((channel) =>
          entry(
            channel,
            html`<span class="channel-avatar"
                ><img class="small-avatar" src=${avatarOf(told.bot)} alt="" />${botStateDot(told.botState, texts)}</span
              >
              ${displayName(told.bot)}`,
            page,
          ),
        )}
      </ul>
    </div>
    ${personBar(page)}
  </nav>`;
}

function entry({ id }: PlaygroundChannel, inner: TemplateResult, { state, view }: Page): TemplateResult {
  return html`<li>
    <button
      type="button"
      class="channel"
      aria-current=${id === state.channelId ? 'page' : 'false'}
      @click=${() => view.showChannel(id)}
    >
      ${inner}
    </button>
  </li>`;
}
