import { html, type TemplateResult } from 'lit';
import { pageTexts } from '../messages/all-page-messages.ts';
import type { PageState } from '../state/page-state.ts';

/** Before the server has welcomed the page. */
export function waitingView({ language, connection }: PageState): TemplateResult {
  const { connecting, lost, lostForGood } = pageTexts[language];
  const text = { connecting, open: connecting, lost, closed: lostForGood }[connection];
  return html`<main class="waiting" role="status"><span class="waiting-wheel" aria-hidden="true"></span>${text}</main>`;
}
