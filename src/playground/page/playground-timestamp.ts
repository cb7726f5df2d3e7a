import { formatMoment } from './format-timestamp.ts';

const everyMs = 1_000;

/** `<playground-moment unix="SECONDS" look="R" locale="es-ES">`: a moment as Discord writes it, counting down by itself. */
export class PlaygroundMoment extends HTMLElement {
  static readonly observedAttributes = ['unix', 'look', 'locale'];
  #timer: ReturnType<typeof setInterval> | undefined;

  connectedCallback(): void {
    this.#timer = setInterval(() => this.#show(), everyMs);
    this.#show();
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#show();
  }

  #show(): void {
    const unixSeconds = Number(this.getAttribute('unix'));
    const style = this.getAttribute('look') ?? 'f';
    const locale = this.getAttribute('locale') ?? 'en-US';
    const text = formatMoment({ unixSeconds, style, locale, nowMs: Date.now() });
    // Only then: screen readers and selections are disturbed by every change.
    if (this.textContent !== text) this.textContent = text;
    this.title = formatMoment({ unixSeconds, style: 'F', locale, nowMs: Date.now() });
  }
}
