import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import type { ApiAttachment, ApiMessage } from '../../../fake-discord/payloads.ts';
import type { Page } from '../page.ts';
import { byteSize } from './byte-size.ts';
import { icon } from './icon.ts';

/** The files of a message: pictures and clips in place, anything else as a link. */
export function attachmentsView({ attachments }: ApiMessage, page: Page): TemplateResult | typeof nothing {
  if (attachments.length === 0) return nothing;
  return html`<discord-attachments slot="attachments">
    ${attachments.map((attachment) => veiled(attachment, page))}
  </discord-attachments>`;
}

/** Discord's client hides what is called so until it is clicked. */
function veiled(attachment: ApiAttachment, page: Page): TemplateResult {
  if (!attachment.filename.startsWith('SPOILER_')) return fileView(attachment, page);
  const { texts } = page;
  return html`<div class="veiled">
    ${fileView(attachment, page)}
    <button type="button" class="veil" aria-label=${texts.showSpoiler} @click=${unveil}>${texts.spoiler}</button>
  </div>`;
}

function unveil({ currentTarget }: Event): void {
  (currentTarget as HTMLElement).closest('.veiled')?.classList.add('shown');
}

function fileView(attachment: ApiAttachment, { texts }: Page): TemplateResult {
  const { filename, url, width, height, description } = attachment;
  const type = attachment.content_type ?? '';
  if (type.startsWith('video/')) return clipView(attachment, texts.clip, texts.download);
  if (/^image\/(png|jpeg|gif|webp)/.test(type)) {
    return html`<figure class="file">
      <a class="picture-link" href=${url} target="_blank" rel="noopener" title=${texts.openPicture}>
        <img
          class="picture"
          src=${url}
          alt=${description ?? `${texts.picture}: ${filename}`}
          width=${ifDefined(width)}
          height=${ifDefined(height)}
        />
      </a>
      ${filename.startsWith('kinora-') ? captionView(attachment, texts.download) : nothing}
    </figure>`;
  }
  return html`<div class="file other-file">${captionView(attachment, texts.download)}</div>`;
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
