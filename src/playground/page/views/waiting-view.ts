import { html, type TemplateResult } from 'lit';
import type { PageState } from '../state/page-state.ts';
import { pageTexts } from '../texts/all-page-texts.ts';

/** Before the server has welcomed the page. */
export function waitingView({ language, connection }: PageState): TemplateResult {
  const { connecting, lost, lostForGood } = pageTexts[language];
  const text = { connecting, open: connecting, lost, closed: lostForGood }[connection];
  return html`<main class="waiting" role="status"><span class="waiting-wheel" aria-hidden="true"></span>${text}</main>`;
}
