import '@skyra/discord-components-core/discord-attachments.js';
import '@skyra/discord-components-core/discord-embed-description.js';
import '@skyra/discord-components-core/discord-reactions.js';
import { DiscordAuthorInfo } from '@skyra/discord-components-core/discord-author-info.js';
import { DiscordEmbed } from '@skyra/discord-components-core/discord-embed.js';
import { DiscordMention } from '@skyra/discord-components-core/discord-mention.js';
import { DiscordMessage } from '@skyra/discord-components-core/discord-message.js';
import { DiscordMessages } from '@skyra/discord-components-core/discord-messages.js';
import { type CSSResult, css, type LitElement } from 'lit';

/**
 * The components that draw messages have two colour themes of their own, of which the light one has too little
 * contrast. These overrides make them use the page's colours, so that one switch changes everything.
 */
const overrides: readonly (readonly [typeof LitElement, CSSResult])[] = [
  [
    DiscordMessages,
    css`
      :host {
        color: var(--text);
        border: 0;
        font-family: inherit;
      }
    `,
  ],
  [
    DiscordMessage,
    css`
      :host {
        color: var(--text);
        font-family: inherit;
      }
      .discord-message-timestamp {
        color: var(--text-muted);
      }
      .discord-message-body-only-indent {
        flex: none;
        padding-left: 0;
        margin: 0;
      }
      .discord-message-content {
        min-width: 0;
        line-height: 1.375;
      }
      .discord-author-avatar img {
        cursor: default;
      }
    `,
  ],
  [
    DiscordAuthorInfo,
    css`
      :host .discord-author-username {
        color: var(--text-strong);
      }
      :host .discord-author-username:hover {
        cursor: default;
        text-decoration: none;
      }
    `,
  ],
  [
    DiscordMention,
    css`
      :host {
        color: var(--mention);
        background-color: var(--mention-ground);
        cursor: default;
      }
      :host(:hover) {
        color: var(--mention);
        background-color: var(--mention-ground);
      }
    `,
  ],
  [
    DiscordEmbed,
    css`
      :host,
      :host .discord-embed-title,
      :host .discord-embed-author {
        color: var(--text);
      }
      :host .discord-embed-wrapper {
        background-color: var(--ground-raised);
        border-color: transparent;
      }
      :host .discord-left-border {
        background-color: var(--line);
      }
      :host .discord-embed-image {
        max-width: 100%;
        height: auto;
      }
    `,
  ],
];

for (const [element, styles] of overrides) element.elementStyles.push(styles);
