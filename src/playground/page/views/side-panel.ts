import { html, nothing, type TemplateResult } from 'lit';
import type { Fault } from '../../protocol.ts';
import type { FaultKey } from '../messages/page-messages.ts';
import type { Page } from '../page.ts';
import type { PageState } from '../state/page-state.ts';
import { exchangeList } from './exchange-list.ts';
import { moveFocus } from './focus.ts';
import { icon } from './icon.ts';

/** The panel with the exchange between the bot and Discord, and with the switches that inject faults. */
export function sidePanel(page: Page): TemplateResult | typeof nothing {
  const { state, i18n, view } = page;
  if (!state.isPanelOpen) return nothing;
  const tabs = [
    ['exchange', i18n.exchange],
    ['faults', i18n.faults],
  ] as const;
  return html`<aside class="panel" aria-label=${i18n.panel}>
    <div class="panel-head">
      <h2>${i18n.panel}</h2>
      <button type="button" class="tool" aria-label=${i18n.closePanel} @click=${() => view.showPanel(false)}>
        ${icon('close')}
      </button>
    </div>
    <div
      class="tabs"
      role="tablist"
      aria-label=${i18n.panel}
      @keydown=${(event: KeyboardEvent) => moveFocus(event, { of: event.currentTarget as HTMLElement, selector: '[role=tab]' })}
    >
      ${tabs.map(([key, label]) => tabButton(key, label, page))}
    </div>
    <div class="panel-body" id="panel-body" role="tabpanel" aria-labelledby="tab-${state.panelTab}">
      ${state.panelTab === 'exchange' ? exchangeList(page) : faultSwitches(page)}
    </div>
  </aside>`;
}

function tabButton(key: PageState['panelTab'], label: string, { state, view }: Page): TemplateResult {
  const isChosen = state.panelTab === key;
  return html`<button
    type="button"
    id="tab-${key}"
    class="tab"
    role="tab"
    aria-selected=${isChosen}
    aria-controls="panel-body"
    tabindex=${isChosen ? '0' : '-1'}
    @click=${() => view.showTab(key)}
    @focus=${() => view.showTab(key)}
  >
    ${label}
  </button>`;
}

const megabyte = 1024 * 1024;
const uploadLimits = [2, 10, 20, 50] as const;

const faults: readonly [FaultKey, Fault][] = [
  ['drop-gateway', { name: 'drop-gateway' }],
  ['expire-tokens', { name: 'expire-tokens' }],
  ['fail-429', { name: 'fail-next-edit', status: 429 }],
  ['fail-500', { name: 'fail-next-edit', status: 500 }],
  ['restart-bot', { name: 'restart-bot' }],
  ['kill-render-process', { name: 'kill-render-process' }],
];

/** The switches that inject faults, each with a description of what happens then. */
function faultSwitches(page: Page): TemplateResult {
  const { i18n, session, view } = page;
  return html`<p class="hint">${i18n.faultsLead}</p>
    <ul class="faults">
      ${faults.map(
        ([key, fault]) => html`<li class="fault">
          <button type="button" class="button" data-fault=${key} aria-describedby="fault-${key}" @click=${() => view.triggerFault(fault)}>
            ${i18n.faultNames[key]}
          </button>
          <p class="hint" id="fault-${key}">${i18n.faultTexts[key]}</p>
          ${noteView(key, page)}
        </li>`,
      )}
      <li class="fault">
        <div class="fault-name" id="fault-upload">${i18n.faultNames['upload-limit']}</div>
        <div class="segments" role="group" aria-labelledby="fault-upload">
          ${uploadLimits.map((count) => {
            const bytes = count * megabyte;
            return html`<button
              type="button"
              class="segment"
              aria-pressed=${session.uploadLimitBytes === bytes}
              @click=${() => view.triggerFault({ name: 'upload-limit', bytes })}
            >
              ${i18n.megabytes(count)}
            </button>`;
          })}
        </div>
        <p class="hint">${i18n.faultTexts['upload-limit']}</p>
        ${noteView('upload-limit', page)}
      </li>
    </ul>`;
}

/** The result of a switch, shown beside it until it is used again. */
function noteView(key: FaultKey, { state, i18n }: Page): TemplateResult {
  const note = state.faultNotes[key];
  const time = note && new Date(note.atMs).toLocaleTimeString(i18n.locale);
  return html`<p class="fault-note ${note?.isProblem ? 'bad' : ''}" role="status">
    ${note === undefined ? nothing : `${time} · ${note.text}`}
  </p>`;
}
