import { html, nothing, type TemplateResult } from 'lit';
import type { Page } from '../page.ts';
import type { PageState } from '../state/page-state.ts';
import { exchangeList } from './exchange-list.ts';
import { faultSwitches } from './fault-switches.ts';
import { icon } from './icon.ts';
import { moveFocus } from './move-focus.ts';

/** For the curious: what the bot and Discord say to each other, and switches that break something. */
export function sidePanel(page: Page): TemplateResult | typeof nothing {
  const { state, texts, view } = page;
  if (!state.isPanelOpen) return nothing;
  const tabs = [
    ['exchange', texts.exchange],
    ['faults', texts.faults],
  ] as const;
  return html`<aside class="panel" aria-label=${texts.panel}>
    <div class="panel-head">
      <h2>${texts.panel}</h2>
      <button type="button" class="tool" aria-label=${texts.closePanel} @click=${() => view.showPanel(false)}>
        ${icon('close')}
      </button>
    </div>
    <div
      class="tabs"
      role="tablist"
      aria-label=${texts.panel}
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
