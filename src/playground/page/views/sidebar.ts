import { html, nothing, type TemplateResult } from 'lit';
import type { PlaygroundChannel } from '../../protocol.ts';
import { pageMessages } from '../messages/all-page-messages.ts';
import { type Page, shownChannel } from '../page.ts';
import type { Language, PageState } from '../state/page-state.ts';
import { botStateDot, channelIcon, icon } from './icon.ts';
import { avatarOf, displayName, letterPicture } from './person.ts';

/** The list of channels of the server that is shown, with the person's name and preferences below it. */
export function channelList(page: Page): TemplateResult {
  const { session, i18n, state, view } = page;
  const server = shownChannel(page)?.kind === 'elsewhere' ? 'elsewhere' : 'guild';
  const own = session.channels.filter(({ kind }) => kind === server);
  const direct = session.channels.filter(({ kind }) => kind === 'dm');
  return html`<nav class="sidebar ${state.isChannelListOpen ? 'open' : ''}" aria-label=${i18n.channelList}>
    <div class="sidebar-head">
      ${serverButton('guild', page)} ${serverButton('elsewhere', page)}
      <h1>${server === 'guild' ? i18n.server : i18n.otherServer}</h1>
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
      ${group(i18n.textChannels, withThreads('text', own), page)} ${group(i18n.forums, withThreads('forum', own), page)}
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

/** A server, by its picture; the button shows the server's first channel. */
function serverButton(kind: 'guild' | 'elsewhere', page: Page): TemplateResult {
  const { session, i18n, view } = page;
  const label = kind === 'guild' ? i18n.server : i18n.otherServer;
  const first = session.channels.find((channel) => channel.kind === kind);
  const isShown = (shownChannel(page)?.kind === 'elsewhere') === (kind === 'elsewhere');
  return html`<button
    type="button"
    class="server"
    aria-label=${label}
    title=${label}
    aria-pressed=${isShown}
    @click=${() => first && view.showChannel(first.id)}
  >
    <img src=${kind === 'guild' ? avatarOf(session.bot) : letterPicture('Bruno')} alt="" width="28" height="28" />
  </button>`;
}

/** The channels of a shape, each followed by its threads. */
function withThreads(shape: 'text' | 'forum', channels: readonly PlaygroundChannel[]): PlaygroundChannel[] {
  return channels
    .filter((channel) => channel.shape === shape)
    .flatMap((channel) => [channel, ...channels.filter(({ parentId }) => parentId === channel.id)]);
}

function group(title: string, channels: readonly PlaygroundChannel[], page: Page): TemplateResult | typeof nothing {
  if (channels.length === 0) return nothing;
  return html`<h2>${title}</h2>
    <ul>
      ${channels.map((channel) =>
        entry(channel, html`${icon(channelIcon(channel))} <span class="channel-name">${channel.name}</span>`, page),
      )}
    </ul>`;
}

function entry(
  { id, shape, archived }: PlaygroundChannel,
  inner: TemplateResult,
  { state, view }: Page,
): TemplateResult {
  return html`<li>
    <button
      type="button"
      class="channel ${shape} ${archived ? 'archived' : ''}"
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
    ${
      session.isAdmin
        ? nothing
        : html`<label class="check" title=${i18n.moderatorLong}>
            <input
              type="checkbox"
              .checked=${session.isModerator}
              @change=${({ currentTarget }: Event) => view.moderate((currentTarget as HTMLInputElement).checked)}
            />
            ${i18n.moderator}
          </label>`
    }
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
