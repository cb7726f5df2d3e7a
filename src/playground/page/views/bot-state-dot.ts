import { html, type TemplateResult } from 'lit';
import type { BotState } from '../../protocol.ts';
import type { PageMessages } from '../messages/page-messages.ts';

/** How the bot fares, as a colour and for screen readers in words. */
export function botStateDot(state: BotState, { botStates }: PageMessages): TemplateResult {
  return html`<span class="dot ${state}" role="img" aria-label=${botStates[state]} title=${botStates[state]}></span>`;
}
