import type { Attachment, Embed, Message } from 'discord.js';

/** A picture of a message. */
export interface FoundPicture {
  name: string;
  url: string;
}

/** What a message shows that may be a picture. */
export interface PictureSource {
  attachments: { values(): Iterable<Pick<Attachment, 'name' | 'url' | 'contentType'>> };
  embeds: readonly Pick<Embed, 'image' | 'thumbnail' | 'title'>[];
}

/** Message menus hold so many; further pictures are left out. */
const maxPictures = 10;

/** The pictures of a message, attachments first; what only claims to be one is found out when it is fetched. */
export function findPictures({ attachments, embeds }: PictureSource): FoundPicture[] {
  const attached = [...attachments.values()]
    .filter(({ name, contentType }) => isPicture(name, contentType))
    .map(({ name, url }) => ({ name, url }));
  const embedded = embeds.flatMap(({ image, thumbnail, title }) => {
    const picture = image ?? thumbnail;
    // Discord's own copy: from elsewhere nothing is fetched.
    const url = picture?.proxyURL ?? picture?.url;
    return url === undefined ? [] : [{ name: title ?? fileName(url), url }];
  });
  return [...attached, ...embedded].slice(0, maxPictures);
}

/** The pictures of a message, of one that it forwards, or of the one that it replies to. */
export async function findPicturesAround(message: Message): Promise<FoundPicture[]> {
  const own = [message, ...message.messageSnapshots.values()].flatMap((shown) =>
    findPictures({ attachments: shown.attachments ?? new Map(), embeds: shown.embeds ?? [] }),
  );
  if (own.length > 0 || message.reference?.messageId === undefined) return own;
  // It comes with the message, and discord.js keeps it; without the intent, fetching would bring it empty.
  const known = message.channel?.messages.cache.get(message.reference.messageId);
  const repliedTo = known ?? (await message.fetchReference().catch(() => undefined));
  return repliedTo === undefined ? [] : findPictures(repliedTo);
}

function isPicture(name: string, contentType: string | null): boolean {
  return contentType?.startsWith('image/') === true || /\.(jpe?g|png|webp|gif)$/i.test(name);
}

function fileName(url: string): string {
  return URL.canParse(url) ? (new URL(url).pathname.split('/').at(-1) ?? url) : url;
}
