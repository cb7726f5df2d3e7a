import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';
import type { ApiComponent, ApiMessage, Json, JsonObject } from '../../../fake-discord/payloads.ts';
import type { Page } from '../page.ts';
import { ownUrl } from './attachments-view.ts';
import { icon } from './icon.ts';
import { markdownView } from './markdown-view.ts';

/** Discord's ComponentType. */
const componentType = {
  row: 1,
  button: 2,
  select: 3,
  section: 9,
  text: 10,
  thumbnail: 11,
  gallery: 12,
  file: 13,
  separator: 14,
  container: 17,
} as const;

const styles = ['', 'primary', 'secondary', 'success', 'danger', 'link'] as const;

/** The buttons, menus and layout of a message, and why the last component that was used did nothing. */
export function componentsView(message: ApiMessage, page: Page): TemplateResult | typeof nothing {
  const failure = page.state.failures.get(message.id);
  if (message.components.length === 0 && failure === undefined) return nothing;
  return html`<div slot="components" class="components">
    ${message.components.map((component) => componentView(component, message, page))}
    ${failure === undefined ? nothing : html`<p class="failure" role="alert">${icon('warn')} ${failure}</p>`}
  </div>`;
}

function componentView(component: ApiComponent, message: ApiMessage, page: Page): TemplateResult {
  const inner = () => (component.components ?? []).map((part) => componentView(part, message, page));
  switch (component.type) {
    case componentType.row:
      return html`<div class="component-row">${inner()}</div>`;
    case componentType.button:
      return buttonView(component, message, page);
    case componentType.select:
      return selectView(component, message, page);
    case componentType.text:
      return html`<div class="component-text">${markdownView(String(component.content ?? ''), page)}</div>`;
    case componentType.section:
      return html`<div class="component-section">
        <div>${inner()}</div>
        ${componentView(component.accessory as ApiComponent, message, page)}
      </div>`;
    case componentType.thumbnail:
      return pictureView(component, 'component-thumbnail');
    case componentType.gallery:
      return html`<div class="component-gallery">
        ${((component.items ?? []) as JsonObject[]).map((item) => pictureView(item, 'picture'))}
      </div>`;
    case componentType.file: {
      const url = ownUrl(component.file);
      return url === undefined ? html`` : html`<p><a href="${url}&download=1">${String(component.name ?? '')}</a></p>`;
    }
    case componentType.separator:
      return html`<hr class="component-separator" />`;
    case componentType.container:
      return html`<div class="component-container" ${ref((box) => colourEdge(box, component.accent_color))}>${inner()}</div>`;
    default:
      return html`<p class="failure">${page.i18n.noBotSelect}</p>`;
  }
}

function pictureView({ media, description }: JsonObject, name: string): TemplateResult {
  const url = ownUrl(media);
  const alt = typeof description === 'string' ? description : '';
  return url === undefined ? html`` : html`<img class=${name} src=${url} alt=${alt} />`;
}

/** Set as a property: the page's rules forbid style attributes. */
function colourEdge(box: Element | undefined, colour: Json | undefined): void {
  if (!(box instanceof HTMLElement) || typeof colour !== 'number') return;
  box.style.borderLeftColor = `#${colour.toString(16).padStart(6, '0')}`;
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
