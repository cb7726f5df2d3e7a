import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import type { Json, JsonObject } from '../../../fake-discord/payloads.ts';
import type { Page } from '../page.ts';
import { markdownView } from './markdown-view.ts';

/** An embed. Pictures are shown only from the page's own origin: nothing is fetched from elsewhere. */
export function embedView(embed: JsonObject, page: Page): TemplateResult {
  const { description, color } = embed;
  const hex = typeof color === 'number' ? `#${color.toString(16).padStart(6, '0')}` : undefined;
  return html`<discord-embed
    slot="embeds"
    color=${ifDefined(hex)}
    embed-title=${ifDefined(text(embed.title))}
    image=${ifDefined(ownUrl(embed.image))}
    thumbnail=${ifDefined(ownUrl(embed.thumbnail))}
  >
    ${
      typeof description === 'string'
        ? html`<discord-embed-description slot="description">${markdownView(description, page)}</discord-embed-description>`
        : nothing
    }
  </discord-embed>`;
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function ownUrl(picture: Json | undefined): string | undefined {
  if (typeof picture !== 'object' || picture === null || Array.isArray(picture)) return undefined;
  return [picture.proxy_url, picture.url]
    .map(text)
    .find((url) => url !== undefined && new URL(url, location.href).origin === location.origin);
}
