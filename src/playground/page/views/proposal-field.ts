import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { ref } from 'lit/directives/ref.js';
import type { ApiCommandOption } from '../../../fake-discord/payloads.ts';
import { localisedName } from '../command-entries.ts';
import type { FieldOptions, Page } from '../page.ts';
import { focusOnMount } from './focus.ts';

/** A box whose proposals come from the bot while one types. */
export function proposalField({ name }: ApiCommandOption, { form, page, isFirst }: FieldOptions): TemplateResult {
  const { commands, texts } = page;
  const proposals = form.proposals?.option === name ? form.proposals : null;
  const choices = proposals?.choices ?? [];
  const active = proposals?.active ?? -1;
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
      aria-controls="proposals-${name}"
      aria-activedescendant=${active < 0 ? nothing : `proposal-${name}-${active}`}
      aria-describedby="about-${name}"
      aria-invalid=${form.problems[name] !== undefined}
      .value=${live(form.typed[name] ?? '')}
      @input=${type}
      @focus=${(event: Event) => {
        if (form.values[name] === undefined) type(event);
      }}
      @blur=${() => commands.closeProposals()}
      @keydown=${(event: KeyboardEvent) => onKey(event, { name, page })}
      ${isFirst ? ref(focusOnMount) : nothing}
    />
    <ul
      id="proposals-${name}"
      class="proposals"
      role="listbox"
      aria-label=${texts.proposals}
      ?hidden=${choices.length === 0}
    >
      ${choices.map(
        (choice, index) => html`<li
          id="proposal-${name}-${index}"
          role="option"
          aria-selected=${index === active}
          @mousedown=${(event: Event) => event.preventDefault()}
          @click=${() => commands.takeProposal(name, choice)}
        >
          ${localisedName(choice, texts.locale)}
        </li>`,
      )}
    </ul>
  </div>`;
}

function onKey(event: KeyboardEvent, { name, page }: { name: string; page: Page }): void {
  const { commands, state } = page;
  const proposals = state.form?.proposals?.option === name ? state.form.proposals : null;
  const { key } = event;
  if (proposals === null) return;
  const choice = proposals.choices[proposals.active];
  if (key === 'ArrowDown' || key === 'ArrowUp') commands.highlightProposal(key === 'ArrowDown' ? 1 : -1);
  else if (key === 'Enter' && choice !== undefined) commands.takeProposal(name, choice);
  else if (key === 'Escape' && proposals.choices.length > 0) commands.closeProposals();
  else return;
  event.preventDefault();
}
