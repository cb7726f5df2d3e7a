import { html, type TemplateResult } from 'lit';
import type { PlaygroundChannel } from '../../protocol.ts';
import { pageTexts } from '../messages/all-page-messages.ts';
import type { Page } from '../page.ts';
import type { Language, PageState } from '../state/page-state.ts';
import { botStateDot, icon } from './icon.ts';
import { avatarOf, displayName } from './person.ts';

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

/** Who one is, the way to be somebody else as well, language and appearance. */
function personBar({ told, texts, state, view }: Page): TemplateResult {
  return html`<div class="person-bar">
    <div class="person">
      <img class="person-avatar" src=${avatarOf(told.me)} alt="" width="32" height="32" />
      <div class="person-name">
        <strong>${displayName(told.me)}</strong>
        <span>${texts.you}</span>
      </div>
      <a
        class="button second-person"
        href="/?new"
        target="_blank"
        rel="noopener"
        title=${texts.secondPersonLong}
        aria-label=${texts.secondPersonLong}
        >${icon('person')} ${texts.secondPerson}</a
      >
    </div>
    <div class="preferences">
      <label title=${texts.language}>
        ${icon('globe')}
        <select
          id="language"
          aria-label=${texts.language}
          @change=${({ currentTarget }: Event) => view.speak((currentTarget as HTMLSelectElement).value as Language)}
        >
          ${(Object.keys(pageTexts) as Language[]).map(
            (language) =>
              html`<option value=${language} lang=${language} ?selected=${language === state.language}>
                ${pageTexts[language].languageName}
              </option>`,
          )}
        </select>
      </label>
      <label title=${texts.theme}>
        ${icon('contrast')}
        <select
          id="theme"
          aria-label=${texts.theme}
          @change=${({ currentTarget }: Event) =>
            view.paint((currentTarget as HTMLSelectElement).value as PageState['theme'])}
        >
          ${(['system', 'light', 'dark'] as const).map(
            (theme) => html`<option value=${theme} ?selected=${theme === state.theme}>${texts.themes[theme]}</option>`,
          )}
        </select>
      </label>
    </div>
  </div>`;
}
