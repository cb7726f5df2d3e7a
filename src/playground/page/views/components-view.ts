import { html, nothing, type TemplateResult } from 'lit';
import type { ApiComponent, ApiMessage, Json } from '../../../fake-discord/payloads.ts';
import type { Page } from '../page.ts';
import { icon } from './icon.ts';

/** Discord's ComponentType. */
const componentType = { row: 1, button: 2, select: 3 } as const;

const styles = ['', 'primary', 'secondary', 'success', 'danger', 'link'] as const;

/** The buttons and menus under a message, and why the last one used did nothing. */
export function componentsView(message: ApiMessage, page: Page): TemplateResult | typeof nothing {
  const failure = page.state.failures.get(message.id);
  if (message.components.length === 0 && failure === undefined) return nothing;
  return html`<div slot="components" class="components">
    ${message.components.map((row) => html`<div class="component-row">${rowView(row, message, page)}</div>`)}
    ${failure === undefined ? nothing : html`<p class="failure" role="alert">${icon('warn')} ${failure}</p>`}
  </div>`;
}

function rowView({ components = [] }: ApiComponent, message: ApiMessage, page: Page): TemplateResult[] {
  return components.map((component) => {
    if (component.type === componentType.button) return buttonView(component, message, page);
    if (component.type === componentType.select) return selectView(component, message, page);
    return html`<p class="failure">${page.i18n.noBotSelect}</p>`;
  });
}

function buttonView(button: ApiComponent, { id }: ApiMessage, { state, components }: Page): TemplateResult {
  const { custom_id: customId = '', label = '', style = 2, disabled = false } = button;
  const isBusy = state.busy.has(`${id} ${customId}`);
  const emoji = emojiName(button.emoji);
  const inner = html`${emoji === '' ? nothing : html`<span class="emoji" aria-hidden="true">${emoji}</span>`}${label}`;
  if (typeof button.url === 'string') {
    return html`<a class="component-button link" href=${button.url} target="_blank" rel="noopener noreferrer">${inner}</a>`;
  }
  return html`<button
    type="button"
    class="component-button ${styles[style] ?? 'secondary'}"
    ?disabled=${disabled}
    aria-busy=${isBusy}
    @click=${() => components.press(id, customId)}
  >
    ${inner}
  </button>`;
}

function selectView(menu: ApiComponent, { id }: ApiMessage, { state, i18n, components }: Page): TemplateResult {
  const { custom_id: customId = '', disabled = false } = menu;
  const options = (menu.options ?? []) as unknown as { label: string; value: string; default?: boolean }[];
  const placeholder = typeof menu.placeholder === 'string' ? menu.placeholder : i18n.select;
  const choose = ({ currentTarget }: Event) => {
    const { value } = currentTarget as HTMLSelectElement;
    if (value !== '') void components.select(id, customId, [value]);
  };
  return html`<select
    class="component-select"
    aria-label=${placeholder}
    ?disabled=${disabled}
    aria-busy=${state.busy.has(`${id} ${customId}`)}
    @change=${choose}
  >
    <option value="">${placeholder}</option>
    ${options.map((option) => html`<option value=${option.value} ?selected=${option.default}>${option.label}</option>`)}
  </select>`;
}

function emojiName(emoji: Json | undefined): string {
  const isObject = typeof emoji === 'object' && emoji !== null && !Array.isArray(emoji);
  return isObject && typeof emoji.name === 'string' ? emoji.name : '';
}
