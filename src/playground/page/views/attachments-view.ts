import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import type { ApiAttachment, ApiMessage, Json, JsonObject } from '../../../fake-discord/payloads.ts';
import { byteSize } from '../format.ts';
import type { Page } from '../page.ts';
import { icon } from './icon.ts';
import { markdownView } from './markdown-view.ts';

/** The files of a message: pictures and clips in place, anything else as a link. */
export function attachmentsView({ attachments }: ApiMessage, page: Page): TemplateResult | typeof nothing {
  if (attachments.length === 0) return nothing;
  return html`<discord-attachments slot="attachments">
    ${attachments.map((attachment) => spoilered(attachment, page))}
  </discord-attachments>`;
}

/** AttachmentFlags: IS_SPOILER. */
const spoilerFlag = 1 << 3;

/** Like Discord's client, hides spoilers until they are clicked: by their flag, or by the older name. */
function spoilered(attachment: ApiAttachment, page: Page): TemplateResult {
  const isSpoiler = attachment.filename.startsWith('SPOILER_') || (Number(attachment.flags ?? 0) & spoilerFlag) !== 0;
  if (!isSpoiler) return fileView(attachment, page);
  const { i18n } = page;
  return html`<div class="spoilered">
    ${fileView(attachment, page)}
    <button type="button" class="spoiler-cover" aria-label=${i18n.showSpoiler} @click=${reveal}>${i18n.spoiler}</button>
  </div>`;
}

function reveal({ currentTarget }: Event): void {
  (currentTarget as HTMLElement).closest('.spoilered')?.classList.add('shown');
}

function fileView(attachment: ApiAttachment, { i18n }: Page): TemplateResult {
  const { filename, url, width, height, description } = attachment;
  const type = attachment.content_type ?? '';
  if (type.startsWith('video/')) return clipView(attachment, i18n.clip, i18n.download);
  if (/^image\/(png|jpeg|gif|webp)/.test(type)) {
    return html`<figure class="file">
      <a class="picture-link" href=${url} target="_blank" rel="noopener" title=${i18n.openPicture}>
        <img
          class="picture"
          src=${url}
          alt=${description ?? `${i18n.picture}: ${filename}`}
          width=${ifDefined(width)}
          height=${ifDefined(height)}
        />
      </a>
      ${filename.startsWith('kinora-') ? captionView(attachment, i18n.download) : nothing}
    </figure>`;
  }
  return html`<div class="file other-file">${captionView(attachment, i18n.download)}</div>`;
}

function clipView(attachment: ApiAttachment, label: string, download: string): TemplateResult {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return html`<figure class="file">
    <video
      class="clip"
      src=${attachment.url}
      aria-label="${label}: ${attachment.filename}"
      controls
      loop
      playsinline
      preload="auto"
      .muted=${true}
      ?autoplay=${!isStill}
    ></video>
    ${captionView(attachment, download)}
  </figure>`;
}

function captionView({ filename, size, url }: ApiAttachment, download: string): TemplateResult {
  return html`<figcaption class="caption">
    <a href="${url}&download=1" download=${filename} title=${filename} aria-label="${download}: ${filename}"
      >${icon('download')}<span class="file-name">${filename}</span></a
    >
    <span class="file-size">${byteSize(size)}</span>
  </figcaption>`;
}

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

/** A picture's address where it is the page's own. */
export function ownUrl(picture: Json | undefined): string | undefined {
  if (typeof picture !== 'object' || picture === null || Array.isArray(picture)) return undefined;
  return [picture.proxy_url, picture.url]
    .map(text)
    .find((url) => url !== undefined && new URL(url, location.href).origin === location.origin);
}
