import {
  type APIAttachment,
  type APIEmbed,
  type APIMessage,
  type APIMessageTopLevelComponent,
  type APIStickerItem,
  type APIUnfurledMediaItem,
  AttachmentFlags,
  type CDN,
  ComponentType,
  StickerFormatType,
} from 'discord.js';
import type { PictureFile } from './download.ts';

/** A picture of a message. */
export interface FoundPicture extends PictureFile {
  name: string;
  /** Whether it is hidden until somebody clicks it; so is then what is made of it. */
  isSpoiler: boolean;
}

/**
 * A message as the gateway and REST give it, or a copy of one inside a forwarding message. discord.js' own messages leave
 * out what a message replies to, and what arrives may lack anything.
 */
type ShownMessage = Partial<
  Pick<APIMessage, 'content' | 'attachments' | 'embeds' | 'components' | 'sticker_items' | 'message_snapshots'>
>;

/** A message with the one that it replies to, where that came along. */
export type MessageWithReference = ShownMessage & Partial<Pick<APIMessage, 'referenced_message'>>;

/** Where Discord serves stickers. */
export type StickerCdn = Pick<CDN, 'sticker'>;

/** Menus hold so many; further pictures are left out. */
const maxPictures = 10;

/** The flag and, for what is older or comes from elsewhere, the name that say the same. */
const spoilerName = /^SPOILER_/;

/**
 * The pictures that a message shows, wherever Discord shows one: attachments, Components V2, stickers and embeds, also of
 * the messages that it forwards; where it has none, those of the message that it replies to. What only claims to be a
 * picture is found out when it is fetched.
 */
export function findPictures(message: MessageWithReference, cdn: StickerCdn): FoundPicture[] {
  const own = picturesOf(message, cdn);
  const { referenced_message: repliedTo } = message;
  const found = own.length > 0 || !repliedTo ? own : picturesOf(repliedTo, cdn);
  return found
    .filter(({ url }, index) => found.findIndex((other) => other.url === url) === index)
    .slice(0, maxPictures);
}

function picturesOf(message: ShownMessage, cdn: StickerCdn): FoundPicture[] {
  const { attachments, components, sticker_items: stickers, embeds, message_snapshots: snapshots, content } = message;
  return [
    ...(attachments ?? []).flatMap(ofAttachment),
    ...(components ?? []).flatMap((component) => ofComponent(component, false)),
    ...(stickers ?? []).flatMap((sticker) => ofSticker(sticker, cdn)),
    ...(embeds ?? []).flatMap((embed) => ofEmbed(embed, content ?? '')),
    ...(snapshots ?? []).flatMap(({ message: copy }) => (copy ? picturesOf(copy, cdn) : [])),
  ];
}

function ofAttachment({ filename: name, url, size, content_type, flags }: APIAttachment): FoundPicture[] {
  if (!isPicture(name, content_type)) return [];
  return [{ name, url, size, isSpoiler: ((flags ?? 0) & AttachmentFlags.IsSpoiler) !== 0 || spoilerName.test(name) }];
}

/** Components V2 hold their pictures themselves: the message's `attachments` are empty. */
function ofComponent(component: APIMessageTopLevelComponent, isHidden: boolean): FoundPicture[] {
  switch (component.type) {
    case ComponentType.Container: {
      const isSpoiler = isHidden || component.spoiler === true;
      return (component.components ?? []).flatMap((inner) => ofComponent(inner, isSpoiler));
    }
    case ComponentType.Section: {
      const { accessory } = component;
      if (accessory?.type !== ComponentType.Thumbnail) return [];
      return ofMedia(accessory.media, { isSpoiler: isHidden || accessory.spoiler === true });
    }
    case ComponentType.MediaGallery:
      return (component.items ?? []).flatMap(({ media, spoiler }) =>
        ofMedia(media, { isSpoiler: isHidden || spoiler === true }),
      );
    case ComponentType.File: {
      const { file, spoiler, name, size } = component;
      return ofMedia(file, { isSpoiler: isHidden || spoiler === true, name, size });
    }
    default:
      return [];
  }
}

function ofMedia(
  media: APIUnfurledMediaItem | undefined,
  known: { isSpoiler: boolean; name?: string | null | undefined; size?: number | null | undefined },
): FoundPicture[] {
  if (media === undefined) return [];
  // Of links elsewhere Discord's own copy: nothing else is fetched.
  const url = media.attachment_id ? media.url : (media.proxy_url ?? media.url);
  const name = known.name ?? fileName(media.url);
  if (!isPicture(name, media.content_type)) return [];
  return [{ name, url, size: known.size ?? undefined, isSpoiler: known.isSpoiler || spoilerName.test(name) }];
}

function ofSticker({ id, name, format_type }: APIStickerItem, cdn: StickerCdn): FoundPicture[] {
  // Lottie is a drawing in JSON.
  if (format_type === StickerFormatType.Lottie) return [];
  const extension = format_type === StickerFormatType.GIF ? 'gif' : 'png';
  return [{ name: `${name}.${extension}`, url: cdn.sticker(id, extension), isSpoiler: false }];
}

function ofEmbed({ image, thumbnail, title, url: link }: APIEmbed, content: string): FoundPicture[] {
  const picture = image ?? thumbnail;
  const url = picture?.proxy_url ?? picture?.url;
  if (picture === undefined || picture === null || url === undefined) return [];
  const hiddenText = [...content.matchAll(/\|\|([\s\S]+?)\|\|/g)].map(([, text]) => text).join(' ');
  const name = title ?? fileName(picture.url);
  // The preview of a link that stands behind a spoiler is hidden with it.
  const isSpoiler =
    [link, picture.url].some((shown) => Boolean(shown) && hiddenText.includes(shown!)) ||
    spoilerName.test(fileName(picture.url));
  return [{ name, url, isSpoiler }];
}

function isPicture(name: string, contentType: string | null | undefined): boolean {
  return contentType?.startsWith('image/') === true || /\.(jpe?g|png|webp|gif|avif)$/i.test(name);
}

function fileName(url: string): string {
  return URL.canParse(url) ? (new URL(url).pathname.split('/').at(-1) ?? url) : url;
}
