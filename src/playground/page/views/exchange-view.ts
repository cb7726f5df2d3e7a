import { html, nothing, render, type TemplateResult } from 'lit';
import type { PageMessages } from '../messages/page-messages.ts';
import type { SeenExchange } from '../state/page-state.ts';
import { byteSize } from './byte-size.ts';
import { summaryOf } from './exchange-summary.ts';
import { jsonView } from './json-view.ts';

/** An exchange as a line that opens. What is inside is drawn only when it is looked at. */
export function exchangeView({ exchange }: SeenExchange, texts: PageMessages): TemplateResult {
  const { what, isFromBot, status } = summaryOf(exchange);
  const time = new Date(exchange.at);
  const clock = `${time.toLocaleTimeString(texts.locale, { hour12: false })}.${String(time.getMilliseconds()).padStart(3, '0')}`;
  return html`<li>
    <details @toggle=${(event: Event) => fill(event, () => inside({ exchange, texts }))}>
      <summary class="exchange-line">
        <span class="exchange-way" title=${isFromBot ? texts.fromBot : texts.toBot} aria-hidden="true"
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

function inside({ exchange, texts }: { exchange: SeenExchange['exchange']; texts: PageMessages }): TemplateResult {
  if (exchange.kind === 'gateway') return jsonView(exchange.payload);
  const { requestBody, responseBody, files, query } = exchange;
  return html`
    ${Object.keys(query).length > 0 ? jsonView({ ...query }) : nothing}
    ${requestBody === null ? nothing : html`<h3>${texts.requestBody}</h3>${jsonView(requestBody)}`}
    ${
      files.length === 0
        ? nothing
        : html`<h3>${texts.files}</h3>
            <ul class="exchange-files">
              ${files.map(({ name, contentType, sizeBytes }) => html`<li>${name} · ${contentType} · ${byteSize(sizeBytes)}</li>`)}
            </ul>`
    }
    ${responseBody === null ? nothing : html`<h3>${texts.responseBody} ${exchange.status}</h3>${jsonView(responseBody)}`}
  `;
}
