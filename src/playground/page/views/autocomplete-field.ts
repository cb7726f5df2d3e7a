import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { ref } from 'lit/directives/ref.js';
import type { ApiCommandOption } from '../../../fake-discord/payloads.ts';
import { localisedName } from '../command-entries.ts';
import type { FieldOptions, Page } from '../page.ts';
import { focusOnMount } from './focus.ts';

/** Distance between a box and its list, and between the list and the edge of the window, in pixels. */
const gapPx = 4;
const longestPx = 220;

/** A text box with suggestions from the bot while the person types (autocomplete). */
export function autocompleteField({ name }: ApiCommandOption, { form, page, isFirst }: FieldOptions): TemplateResult {
  const { commands, i18n } = page;
  const suggestions = form.suggestions?.option === name ? form.suggestions : null;
  const choices = suggestions?.choices ?? [];
  const active = suggestions?.active ?? -1;
  const type = ({ currentTarget }: Event) =>
    commands.type(name, (currentTarget as HTMLInputElement).value, { isCompleted: true });
  return html`<div class="combobox">
    <input
      id="option-${name}"
      type="text"
      autocomplete="off"
      role="combobox"
      aria-autocomplete="list"
      aria-expanded=${choices.length > 0}
      aria-controls="suggestions-${name}"
      aria-activedescendant=${active < 0 ? nothing : `suggestion-${name}-${active}`}
      aria-describedby="about-${name}"
      aria-invalid=${form.problems[name] !== undefined}
      .value=${live(form.typed[name] ?? '')}
      @input=${type}
      @focus=${() => {
        // The list would cover the problem that is shown under the box.
        if (form.values[name] === undefined && form.problems[name] === undefined) commands.openSuggestions(name);
      }}
      @blur=${() => commands.closeSuggestions()}
      @keydown=${(event: KeyboardEvent) => onKey(event, { name, page })}
      ${isFirst ? ref(focusOnMount) : nothing}
    />
    <ul
      id="suggestions-${name}"
      class="suggestions"
      role="listbox"
      aria-label=${i18n.suggestions}
      ?hidden=${choices.length === 0}
      ${ref((list) => placeSuggestions(list))}
    >
      ${choices.map(
        (choice, index) => html`<li
          id="suggestion-${name}-${index}"
          role="option"
          aria-selected=${index === active}
          @mousedown=${(event: Event) => event.preventDefault()}
          @click=${() => commands.takeSuggestion(name, choice)}
        >
          ${localisedName(choice, i18n.locale)}
        </li>`,
      )}
    </ul>
  </div>`;
}

function onKey(event: KeyboardEvent, { name, page }: { name: string; page: Page }): void {
  const { commands, state } = page;
  const suggestions = state.form?.suggestions?.option === name ? state.form.suggestions : null;
  const { key } = event;
  if (suggestions === null) return;
  const choice = suggestions.choices[suggestions.active];
  if (key === 'ArrowDown' || key === 'ArrowUp') commands.highlightSuggestion(key === 'ArrowDown' ? 1 : -1);
  else if (key === 'Enter' && choice !== undefined) commands.takeSuggestion(name, choice);
  else if (key === 'Escape' && suggestions.choices.length > 0) commands.closeSuggestions();
  else return;
  event.preventDefault();
}

/**
 * Puts a list of suggestions under its box, or above it where there is more room. It is placed in the window, because
 * the form cuts off what is longer than its fields.
 */
export function placeSuggestions(list?: Element | null): void {
  // lit calls a `ref` before it fills the list.
  queueMicrotask(() => {
    const box = list?.previousElementSibling?.getBoundingClientRect();
    if (!(list instanceof HTMLElement) || list.hidden || box === undefined) return;
    const below = innerHeight - box.bottom;
    const isBelow = below >= Math.min(list.scrollHeight, longestPx) + 2 * gapPx || below >= box.top;
    const room = (isBelow ? below : box.top) - 2 * gapPx;
    Object.assign(list.style, {
      left: `${box.left}px`,
      width: `${box.width}px`,
      top: isBelow ? `${box.bottom + gapPx}px` : 'auto',
      bottom: isBelow ? 'auto' : `${innerHeight - box.top + gapPx}px`,
      maxHeight: `${Math.min(longestPx, room)}px`,
    });
  });
}
