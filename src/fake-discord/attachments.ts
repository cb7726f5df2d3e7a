import { createHash, createHmac } from 'node:crypto';
import type { ApiAttachment, JsonObject, Snowflake } from './payloads.ts';
import { pictureSize } from './picture-size.ts';
import type { FileInput, StickerInput } from './post-types.ts';
import type { StoredFile, World } from './world.ts';

/** Signed links live a day. */
const linkLifeSeconds = 24 * 3600;

/** Keeps a file and describes it; `holderId` is the channel, or for option attachments the application. */
export function storeFile(
  world: World,
  file: FileInput,
  { holderId, ephemeral }: { holderId: Snowflake; ephemeral: boolean },
): ApiAttachment {
  const id = world.snowflake();
  const filename = safeName(file.name);
  const folder = ephemeral ? 'ephemeral-attachments' : 'attachments';
  const stored: StoredFile = {
    id,
    filename,
    contentType: contentTypeOf(filename, file.contentType),
    bytes: file.bytes,
    path: `/${folder}/${holderId}/${id}/${encodeURIComponent(filename)}`,
  };
  world.files.set(id, stored);
  // What the uploader claims is what the bot is told, right or wrong; the CDN answers by the file's name.
  const claimed = isClaim(file.contentType) ? file.contentType : stored.contentType;
  return signed(world, {
    id,
    filename,
    size: file.bytes.byteLength,
    url: '',
    proxy_url: '',
    content_type: claimed,
    ...pictureSize(file.bytes),
    ...(ephemeral ? { ephemeral: true } : {}),
    ...(file.description ? { description: file.description } : {}),
    ...((file.spoiler ?? filename.startsWith('SPOILER_')) ? spoilerFlags(true) : {}),
  });
}

/**
 * `flags` of an attachment: IS_SPOILER is bit 3. `is_spoiler` sets it, and the old `SPOILER_` names still do:
 * https://docs.discord.com/developers/resources/message#attachment-object-attachment-flags.
 */
export function spoilerFlags(isSpoiler: boolean): { flags: number } {
  return { flags: isSpoiler ? 1 << 3 : 0 };
}

const stickerFormats = { png: [1, 'png'], apng: [2, 'png'], lottie: [3, 'json'], gif: [4, 'gif'] } as const;

/**
 * Keeps a sticker where the CDN has it, unsigned, and describes it as messages do:
 * https://docs.discord.com/developers/resources/sticker#sticker-item-object.
 */
export function storeSticker(world: World, { name, format, bytes }: StickerInput): JsonObject {
  const id = world.snowflake();
  const [formatType, extension] = stickerFormats[format];
  const filename = `${id}.${extension}`;
  world.files.set(id, { id, filename, contentType: contentTypeOf(filename), bytes, path: `/stickers/${filename}` });
  return { id, name, format_type: formatType };
}

/**
 * Keeps a PNG in the CDN's folder of a person's avatars, unsigned, and returns the hash that users and members carry:
 * https://docs.discord.com/developers/reference#image-formatting.
 */
export function storeAvatar(world: World, folder: string, bytes: Uint8Array): string {
  const hash = createHash('md5').update(bytes).digest('hex');
  const filename = `${hash}.png`;
  world.files.set(hash, {
    id: hash,
    filename,
    contentType: 'image/png',
    bytes,
    path: `${folder}/${filename}`,
  });
  return hash;
}

/** Clients without a better idea say "bytes", which says nothing. */
function isClaim(contentType: string | undefined): contentType is string {
  return contentType !== undefined && contentType !== '' && contentType !== 'application/octet-stream';
}

/** A copy of the attachment with links that are valid from now on. */
export function signed(world: World, attachment: ApiAttachment): ApiAttachment {
  const file = world.files.get(attachment.id);
  if (!file) return attachment;
  const url = signedLink(world, file);
  return { ...attachment, url, proxy_url: url };
}

/** A link to a file that is valid from now on. */
export function signedLink(world: World, file: StoredFile): string {
  const issued = Math.floor(world.now() / 1000);
  const [ex, is] = [(issued + linkLifeSeconds).toString(16), issued.toString(16)];
  return `${world.origin}${file.path}?ex=${ex}&is=${is}&hm=${signature(world, file.path, ex, is)}&`;
}

/** Whether a link was made by {@link signed} and still lives. */
export function isValidLink(world: World, path: string, query: URLSearchParams): boolean {
  const [ex, is, hm] = [query.get('ex') ?? '', query.get('is') ?? '', query.get('hm') ?? ''];
  return hm === signature(world, path, ex, is) && Number.parseInt(ex, 16) * 1000 > world.now();
}

function signature(world: World, path: string, ex: string, is: string): string {
  return createHmac('sha256', world.token).update(`${path} ${ex} ${is}`).digest('hex');
}

/** https://docs.discord.com/developers/reference#file-type-filtering. */
const fileGroups: Readonly<Record<string, readonly string[]>> = {
  image: ['.png', '.gif', '.jpg', '.jpeg', '.jfif', '.webp', '.avif'],
  video: ['.mp4', '.mov', '.qt', '.webm'],
  audio: ['.mp3', '.m4a', '.wav', '.ogg', '.opus', '.flac'],
};

/**
 * Whether people may choose a file where `file_types` says what fits: it "only checks the file extension against the filename
 * and does not inspect the file contents".
 */
export function fitsFileTypes(fileName: string, types: readonly string[] | undefined): boolean {
  if (!types || types.length === 0) return true;
  const extension = /\.[^.]+$/.exec(fileName)?.[0].toLowerCase() ?? '';
  return types.some((type) => fileGroups[type]?.includes(extension) ?? type.toLowerCase() === extension);
}

/** Discord keeps letters, digits, dots, dashes and underscores of a file's name. */
function safeName(name: string): string {
  const kept = name.replaceAll(/\s+/g, '_').replaceAll(/[^\p{L}\p{N}._-]/gu, '');
  return kept === '' || kept.startsWith('.') ? `unknown${kept}` : kept;
}

/** By extension: what the CDN serves, whatever the uploader claimed. */
const byExtension: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  mp4: 'video/mp4',
  webm: 'video/webm',
  txt: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
  zip: 'application/zip',
  pdf: 'application/pdf',
};

/** The content type of an upload: from its name, else what the client says, else bytes. */
export function contentTypeOf(filename: string, claimed?: string): string {
  const extension = filename.slice(filename.lastIndexOf('.') + 1).toLowerCase();
  return byExtension[extension] ?? (claimed || 'application/octet-stream');
}
