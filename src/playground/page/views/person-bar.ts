import { html, type TemplateResult } from 'lit';
import { avatarOf } from '../avatar.ts';
import { pageTexts } from '../messages/all-page-messages.ts';
import type { Page } from '../page.ts';
import type { Language, PageState } from '../state/page-state.ts';
import { displayName } from './display-name.ts';
import { icon } from './icon.ts';

/** Who one is, the way to be somebody else as well, language and appearance. */
export function personBar({ told, texts, state, view }: Page): TemplateResult {
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
