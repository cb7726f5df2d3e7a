import { createHmac } from 'node:crypto';
import type { ApiAttachment, Snowflake } from './payloads.ts';
import { pictureSize } from './picture-size.ts';
import type { FileInput } from './types.ts';
import type { StoredFile, World } from './world.ts';

/** Signed links live a day. */
const linkLifeSeconds = 24 * 3600;

/** Keeps a file and describes it; `holderId` is the channel, or for option attachments the application. */
export function storeFile(
  world: World,
  file: FileInput,
  { holderId, ephemeral, description }: { holderId: Snowflake; ephemeral: boolean; description?: string },
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
    ...(description ? { description } : {}),
  });
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
