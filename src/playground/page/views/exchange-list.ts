import { html, nothing, render, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Json } from '../../../fake-discord/payloads.ts';
import type { Exchange } from '../../../fake-discord/types.ts';
import { byteSize } from '../format.ts';
import type { PageMessages } from '../messages/page-messages.ts';
import type { Page } from '../page.ts';
import type { SeenExchange } from '../state/page-state.ts';

/** How many exchanges are drawn; the latest come first. */
const maxDrawn = 150;

/** What the bot and Discord say to each other, filtered. */
export function exchangeList({ state, i18n, view }: Page): TemplateResult {
  const { exchangeFilter: filter } = state;
  const matching = state.exchanges.filter((seen) => matches(seen, filter)).reverse();
  const kinds = ['all', 'rest', 'gateway'] as const;
  return html`<p class="hint">${i18n.exchangeLead}</p>
    <div class="filters">
      <input
        type="search"
        placeholder=${i18n.filter}
        aria-label=${i18n.filter}
        .value=${live(filter.text)}
        @input=${({ currentTarget }: Event) => view.filterExchanges({ text: (currentTarget as HTMLInputElement).value })}
      />
      <div class="segments" role="group" aria-label=${i18n.filter}>
        ${kinds.map(
          (kind) => html`<button
            type="button"
            class="segment"
            aria-pressed=${filter.kind === kind}
            @click=${() => view.filterExchanges({ kind })}
          >
            ${i18n.kinds[kind]}
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
        ${i18n.heartbeats}</label
      >
      <span class="hint count">${i18n.shown(matching.length, state.exchanges.length)}</span>
      <button type="button" class="text-button" @click=${() => view.clearExchanges()}>${i18n.clear}</button>
    </div>
    ${matching.length === 0 ? html`<p class="empty">${i18n.noExchange}</p>` : ''}
    <ol class="exchanges">
      ${repeat(
        matching.slice(0, maxDrawn),
        ({ number }) => number,
        (seen) => exchangeView(seen, i18n),
      )}
    </ol>`;
}

function matches({ exchange }: SeenExchange, filter: Page['state']['exchangeFilter']): boolean {
  if (filter.kind !== 'all' && exchange.kind !== filter.kind) return false;
  const { what, isHeartbeat } = summaryOf(exchange);
  if (isHeartbeat && !filter.heartbeats) return false;
  return filter.text === '' || `${what} ${JSON.stringify(exchange)}`.toLowerCase().includes(filter.text.toLowerCase());
}

/** An exchange as a line that can be expanded. Its details are rendered only while it is open. */
function exchangeView({ exchange }: SeenExchange, i18n: PageMessages): TemplateResult {
  const { what, isFromBot, status } = summaryOf(exchange);
  const time = new Date(exchange.at);
  const clock = `${time.toLocaleTimeString(i18n.locale, { hour12: false })}.${String(time.getMilliseconds()).padStart(3, '0')}`;
  return html`<li>
    <details @toggle=${(event: Event) => fill(event, () => inside({ exchange, i18n }))}>
      <summary class="exchange-line">
        <span class="exchange-way" title=${isFromBot ? i18n.fromBot : i18n.toBot} aria-hidden="true"
          >${isFromBot ? '→' : '←'}</span
        >
        <span class="exchange-kind ${exchange.kind}">${exchange.kind === 'rest' ? 'REST' : 'WS'}</span>
        <span class="exchange-what">${what}</span>
        ${status === null ? nothing : html`<span class="exchange-status ${status >= 400 || status === 0 ? 'bad' : ''}">${status}</span>`}
        <time class="exchange-time">${clock}</time>
      </summary>
      <div class="exchange-inside"></div>
    </details>
  </li>`;
}

function fill({ currentTarget }: Event, draw: () => TemplateResult): void {
  const { open, lastElementChild } = currentTarget as HTMLDetailsElement;
  if (lastElementChild instanceof HTMLElement) render(open ? draw() : nothing, lastElementChild);
}

function inside({ exchange, i18n }: { exchange: SeenExchange['exchange']; i18n: PageMessages }): TemplateResult {
  if (exchange.kind === 'gateway') return jsonView(exchange.payload);
  const { requestBody, responseBody, files, query } = exchange;
  return html`
    ${Object.keys(query).length > 0 ? jsonView({ ...query }) : nothing}
    ${requestBody === null ? nothing : html`<h3>${i18n.requestBody}</h3>${jsonView(requestBody)}`}
    ${
      files.length === 0
        ? nothing
        : html`<h3>${i18n.files}</h3>
            <ul class="exchange-files">
              ${files.map(({ name, contentType, sizeBytes }) => html`<li>${name} · ${contentType} · ${byteSize(sizeBytes)}</li>`)}
            </ul>`
    }
    ${responseBody === null ? nothing : html`<h3>${i18n.responseBody} ${exchange.status}</h3>${jsonView(responseBody)}`}
  `;
}

/** An exchange, summarised for one line. */
interface ExchangeSummary {
  what: string;
  /** True for the direction from the bot to Discord. */
  isFromBot: boolean;
  status: number | null;
  isHeartbeat: boolean;
}

/** Names of the gateway's opcodes. */
const opcodes: Readonly<Record<number, string>> = {
  0: 'Dispatch',
  1: 'Heartbeat',
  2: 'Identify',
  3: 'Presence Update',
  6: 'Resume',
  7: 'Reconnect',
  8: 'Request Guild Members',
  9: 'Invalid Session',
  10: 'Hello',
  11: 'Heartbeat ACK',
};

/** Ids are shortened to their last four digits, which tell them apart, and tokens to an ellipsis. */
const idPart = /\/\d*(\d{4})(?=\/|$)/g;
const tokenPart = /\/(?:masked|[\w-]{40,})(?=\/|$)/g;

/** Summarises an exchange: method and path, or the name of the event or opcode. */
function summaryOf(exchange: Exchange): ExchangeSummary {
  if (exchange.kind === 'rest') {
    const path = exchange.path.replaceAll(idPart, '/…$1').replaceAll(tokenPart, '/…');
    return { what: `${exchange.method} ${path}`, isFromBot: true, status: exchange.status, isHeartbeat: false };
  }
  const { op, t } = exchange.payload;
  const what = typeof t === 'string' ? t : (opcodes[Number(op)] ?? `op ${op}`);
  return { what, isFromBot: exchange.direction === 'out', status: null, isHeartbeat: op === 1 || op === 11 };
}

/** Longer JSON is cut off here. */
const maxCharacters = 40_000;

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Pretty-printed JSON with syntax colours. */
function jsonView(value: Json): TemplateResult {
  const text = JSON.stringify(value, null, 2).slice(0, maxCharacters);
  const parts: (string | TemplateResult)[] = [];
  let at = 0;
  for (const match of text.matchAll(token)) {
    parts.push(text.slice(at, match.index));
    const [all, quoted, colon] = match;
    const kind = quoted === undefined ? 'json-value' : colon === undefined ? 'json-string' : 'json-key';
    parts.push(html`<span class=${kind}>${all}</span>`);
    at = match.index + all.length;
  }
  parts.push(text.slice(at));
  return html`<pre class="json" tabindex="0">${parts}</pre>`;
}
