import type { Attachment, Message } from 'discord.js';
import type { PictureFile } from './download.ts';

/** A picture of a message. */
export interface FoundPicture extends PictureFile {
  name: string;
}

/** What a message shows that may be a picture. */
export interface PictureSource {
  attachments: {
    values(): Iterable<Pick<Attachment, 'name' | 'url' | 'contentType'> & Partial<Pick<Attachment, 'size'>>>;
  };
  embeds: readonly { image: ShownPicture | null; thumbnail: ShownPicture | null; title: string | null }[];
}

interface ShownPicture {
  url: string;
  /** Discord's own copy. */
  proxyURL?: string | undefined;
}

/** Message menus hold so many; further pictures are left out. */
const maxPictures = 10;

/** The pictures of a message, attachments first; what only claims to be one is found out when it is fetched. */
export function findPictures({ attachments, embeds }: PictureSource): FoundPicture[] {
  const attached = [...attachments.values()]
    .filter(({ name, contentType }) => isPicture(name, contentType))
    .map(({ name, url, size }) => ({ name, url, size }));
  const embedded = embeds.flatMap(({ image, thumbnail, title }) => {
    const picture = image ?? thumbnail;
    // Discord's own copy: from elsewhere nothing is fetched.
    const url = picture?.proxyURL ?? picture?.url;
    return url === undefined ? [] : [{ name: title ?? fileName(url), url }];
  });
  return [...attached, ...embedded].slice(0, maxPictures);
}

/** The pictures of a message, of those that it forwards, or of the one that it replies to, where that came along. */
export function findPicturesAround(message: Message, repliedTo: PictureSource | undefined): FoundPicture[] {
  const own = [message, ...message.messageSnapshots.values()]
    .flatMap((shown) => findPictures({ attachments: shown.attachments ?? new Map(), embeds: shown.embeds ?? [] }))
    .slice(0, maxPictures);
  return own.length > 0 || repliedTo === undefined ? own : findPictures(repliedTo);
}

/** The pictures of the message that one replies to, where it did not come along. Without the intent it may be empty. */
export async function fetchPicturesRepliedTo(message: Message): Promise<FoundPicture[]> {
  if (message.reference?.messageId === undefined) return [];
  const repliedTo = await message.fetchReference().catch(() => undefined);
  return repliedTo === undefined ? [] : findPictures(repliedTo);
}

function isPicture(name: string, contentType: string | null): boolean {
  return contentType?.startsWith('image/') === true || /\.(jpe?g|png|webp|gif|avif)$/i.test(name);
}

function fileName(url: string): string {
  return URL.canParse(url) ? (new URL(url).pathname.split('/').at(-1) ?? url) : url;
}
