import { html, nothing, type TemplateResult } from 'lit';
import type { ApiMessage } from '../../../fake-discord/payloads.ts';
import type { Page } from '../page.ts';

/** Who reacted with what; a click joins in or steps back. */
export function reactionsView({ id, reactions = [] }: ApiMessage, page: Page): TemplateResult | typeof nothing {
  if (reactions.length === 0) return nothing;
  const { state, texts, messages } = page;
  return html`<discord-reactions slot="reactions">
    ${reactions.map(({ emoji, count }) => {
      const isOwn = state.ownReactions.has(`${id} ${emoji.name}`);
      return html`<button
        type="button"
        class="reaction"
        aria-pressed=${isOwn}
        aria-label=${isOwn ? texts.removeReaction(emoji.name, count) : texts.react(emoji.name, count)}
        @click=${() => messages.toggleReaction(id, emoji.name)}
      >
        <span class="emoji">${emoji.name}</span> ${count}
      </button>`;
    })}
  </discord-reactions>`;
}
