import { html, type TemplateResult } from 'lit';
import type { PlaygroundChannel } from '../../protocol.ts';
import { pageMessages } from '../messages/all-page-messages.ts';
import type { Page } from '../page.ts';
import type { Language, PageState } from '../state/page-state.ts';
import { botStateDot, icon } from './icon.ts';
import { avatarOf, displayName } from './person.ts';

/** The list of channels, with the person's name and preferences below it. */
export function channelList(page: Page): TemplateResult {
  const { session, i18n, state, view } = page;
  const guild = session.channels.filter(({ kind }) => kind === 'guild');
  const direct = session.channels.filter(({ kind }) => kind === 'dm');
  return html`<nav class="sidebar ${state.isChannelListOpen ? 'open' : ''}" aria-label=${i18n.channelList}>
    <div class="sidebar-head">
      <img class="sidebar-logo" src=${avatarOf(session.bot)} alt="" width="28" height="28" />
      <h1>${i18n.server}</h1>
      <button
        type="button"
        class="tool only-narrow"
        aria-label=${i18n.closeList}
        @click=${() => view.showChannelList(false)}
      >
        ${icon('close')}
      </button>
    </div>
    <div class="sidebar-channels">
      <h2>${i18n.textChannels}</h2>
      <ul>
        ${guild.map((channel) => entry(channel, html`${icon('hash')} ${channel.name}`, page))}
      </ul>
      <h2>${i18n.directMessages}</h2>
      <ul>
        ${direct.map((channel) =>
          entry(
            channel,
            html`<span class="channel-avatar"
                ><img class="small-avatar" src=${avatarOf(session.bot)} alt="" />${botStateDot(session.botState, i18n)}</span
              >
              ${displayName(session.bot)}`,
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

/** The person's name, the link that opens a second person's window, and the choice of language and theme. */
function personBar({ session, i18n, state, view }: Page): TemplateResult {
  return html`<div class="person-bar">
    <div class="person">
      <img class="person-avatar" src=${avatarOf(session.me)} alt="" width="32" height="32" />
      <div class="person-name">
        <strong>${displayName(session.me)}</strong>
        <span>${i18n.you}</span>
      </div>
      <a
        class="button second-person"
        href="/?new"
        target="_blank"
        rel="noopener"
        title=${i18n.secondPersonLong}
        aria-label=${i18n.secondPersonLong}
        >${icon('person')} ${i18n.secondPerson}</a
      >
    </div>
    <div class="preferences">
      <label title=${i18n.language}>
        ${icon('globe')}
        <select
          id="language"
          aria-label=${i18n.language}
          @change=${({ currentTarget }: Event) => view.setLanguage((currentTarget as HTMLSelectElement).value as Language)}
        >
          ${(Object.keys(pageMessages) as Language[]).map(
            (language) =>
              html`<option value=${language} lang=${language} ?selected=${language === state.language}>
                ${pageMessages[language].languageName}
              </option>`,
          )}
        </select>
      </label>
      <label title=${i18n.theme}>
        ${icon('contrast')}
        <select
          id="theme"
          aria-label=${i18n.theme}
          @change=${({ currentTarget }: Event) =>
            view.setTheme((currentTarget as HTMLSelectElement).value as PageState['theme'])}
        >
          ${(['system', 'light', 'dark'] as const).map(
            (theme) => html`<option value=${theme} ?selected=${theme === state.theme}>${i18n.themes[theme]}</option>`,
          )}
        </select>
      </label>
    </div>
  </div>`;
}
