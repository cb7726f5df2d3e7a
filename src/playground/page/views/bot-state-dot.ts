import { html, type TemplateResult } from 'lit';
import type { BotState } from '../../protocol.ts';
import type { PageTexts } from '../messages/page-messages.ts';

/** How the bot fares, as a colour and for screen readers in words. */
export function botStateDot(state: BotState, { botStates }: PageTexts): TemplateResult {
  return html`<span class="dot ${state}" role="img" aria-label=${botStates[state]} title=${botStates[state]}></span>`;
}
