import { html, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Page } from '../page.ts';
import type { SeenExchange } from '../state/page-state.ts';
import { summaryOf } from './exchange-summary.ts';
import { exchangeView } from './exchange-view.ts';

/** So many are drawn, the latest first. */
const maxDrawn = 150;

/** What the bot and Discord say to each other, filtered. */
export function exchangeList({ state, texts, view }: Page): TemplateResult {
  const { exchangeFilter: filter } = state;
  const matching = state.exchanges.filter((seen) => matches(seen, filter)).reverse();
  const kinds = ['all', 'rest', 'gateway'] as const;
  return html`<p class="hint">${texts.exchangeLead}</p>
    <div class="filters">
      <input
        type="search"
        placeholder=${texts.filter}
        aria-label=${texts.filter}
        .value=${live(filter.text)}
        @input=${({ currentTarget }: Event) => view.filterExchanges({ text: (currentTarget as HTMLInputElement).value })}
      />
      <div class="segments" role="group" aria-label=${texts.filter}>
        ${kinds.map(
          (kind) => html`<button
            type="button"
            class="segment"
            aria-pressed=${filter.kind === kind}
            @click=${() => view.filterExchanges({ kind })}
          >
            ${texts.kinds[kind]}
          </button>`,
        )}
      </div>
      <label class="check"
        ><input
          type="checkbox"
          .checked=${live(filter.heartbeats)}
          @change=${({ currentTarget }: Event) =>
            view.filterExchanges({ heartbeats: (currentTarget as HTMLInputElement).checked })}
        />
        ${texts.heartbeats}</label
      >
      <span class="hint count">${texts.shown(matching.length, state.exchanges.length)}</span>
      <button type="button" class="text-button" @click=${() => view.clearExchanges()}>${texts.clear}</button>
    </div>
    ${matching.length === 0 ? html`<p class="empty">${texts.noExchange}</p>` : ''}
    <ol class="exchanges">
      ${repeat(
        matching.slice(0, maxDrawn),
        ({ number }) => number,
        (seen) => exchangeView(seen, texts),
      )}
    </ol>`;
}

function matches({ exchange }: SeenExchange, filter: Page['state']['exchangeFilter']): boolean {
  if (filter.kind !== 'all' && exchange.kind !== filter.kind) return false;
  const { what, isHeartbeat } = summaryOf(exchange);
  if (isHeartbeat && !filter.heartbeats) return false;
  return filter.text === '' || `${what} ${JSON.stringify(exchange)}`.toLowerCase().includes(filter.text.toLowerCase());
}
