import { html, type TemplateResult } from 'lit';
import { avatarOf } from '../avatar.ts';
import { commandEntries, describedBy, fullName, shownName } from '../command-entries.ts';
import { localisedDescription } from '../localised.ts';
import type { Page } from '../page.ts';
import type { CommandEntry } from '../state/command-form.ts';
import { displayName } from './display-name.ts';

/** The commands that begin with what was typed after the slash; then those that have it inside. */
export function matchingEntries({ state, told, texts }: Page): CommandEntry[] {
  const kind = told.channels.find(({ id }) => id === state.channelId)?.kind ?? 'guild';
  const sought = state.draft.slice(1).trim().toLowerCase();
  const named = commandEntries(told.commands, { kind, isAdmin: told.isAdmin }).map((entry) => ({
    entry,
    names: [fullName(entry), shownName(entry, texts.locale)].map((name) => name.toLowerCase()),
  }));
  const begins = named.filter(({ names }) => names.some((name) => name.startsWith(sought)));
  const holds = named.filter((other) => !begins.includes(other) && other.names.some((name) => name.includes(sought)));
  return [...begins, ...holds].map(({ entry }) => entry);
}

/** What Discord shows when a slash is typed: the bot's commands. */
export function commandList(page: Page): TemplateResult {
  const { state, told, texts, commands } = page;
  const entries = matchingEntries(page);
  return html`<div class="popover">
    <div class="popover-head">
      <img class="small-avatar" src=${avatarOf(told.bot)} alt="" /> ${displayName(told.bot)}
    </div>
    <ul id="command-list" class="command-list" role="listbox" aria-label=${texts.commandList}>
      ${entries.map(
        (entry, index) => html`<li
          id="command-${fullName(entry).replaceAll(' ', '-')}"
          class="command-item"
          role="option"
          aria-selected=${index === state.commandIndex}
          @mousedown=${(event: Event) => event.preventDefault()}
          @click=${() => commands.openForm(entry)}
        >
          <span class="command-name">/${shownName(entry, texts.locale)}</span>
          <span class="command-description">${localisedDescription(describedBy(entry), texts.locale)}</span>
        </li>`,
      )}
    </ul>
    ${entries.length === 0 ? html`<p class="popover-empty">${texts.noCommand}</p>` : ''}
  </div>`;
}
