import { signed, spoilerFlags, storeFile } from './attachments.ts';
import { storeComponents } from './component-rules.ts';
import { invalidForm, isObject } from './form-rules.ts';
import { renderLayout } from './layout-components.ts';
import type { ApiAttachment, ApiMessage, ApiUser, Json, JsonObject, Snowflake } from './payloads.ts';
import { refuse } from './refusal.ts';
import type { World } from './world.ts';

/** A file of a multipart body. */
export interface UploadedFile {
  /** `files[n]`. */
  field: string;
  name: string;
  contentType: string;
  bytes: Uint8Array;
}

/** Where uploads are kept: a channel's folder, or the application's for ephemeral messages. */
export interface Holder {
  holderId: Snowflake;
  ephemeral: boolean;
}

/** The parts of a message that a request body decides. */
export type MessageContent = Pick<ApiMessage, 'content' | 'attachments' | 'embeds' | 'components' | 'mentions'>;

/** Message flags that say where a message keeps what it shows. */
export const contentFlag = { hasSnapshot: 1 << 14, componentsV2: 1 << 15 } as const;

const suppressible = ['content', 'embeds', 'components'] as const;

/**
 * What a checked body makes of a message: `before` is the message being edited, or null for a new one.
 * Fields that the body leaves out stay; `attachments` lists what stays, new files join.
 * @throws Refusal 413/40005 for a file over the limit, 400/50006 for an empty message, 400/50035 for files that do not match.
 */
export function readContent(
  world: World,
  body: JsonObject,
  { files, holder, before }: { files: readonly UploadedFile[]; holder: Holder; before: ApiMessage | null },
): MessageContent {
  const kept: Record<(typeof suppressible)[number], Json | undefined> = { content: '', embeds: [], components: [] };
  for (const name of suppressible) kept[name] = body[name] === undefined ? before?.[name] : body[name];
  const content = typeof kept.content === 'string' ? kept.content.trim() : '';
  const result: MessageContent = {
    content,
    attachments: readAttachments(world, body.attachments, { files, holder, before: before?.attachments ?? [] }),
    embeds: Array.isArray(kept.embeds) ? kept.embeds.filter(isObject).map(storeEmbed) : [],
    components: body.components === undefined ? (before?.components ?? []) : storeComponents(body.components),
    mentions: mentionsOf(world, content, body.allowed_mentions),
  };
  if (!content && !result.attachments.length && !result.embeds.length && !result.components.length) {
    throw refuse('emptyMessage');
  }
  return result;
}

function readAttachments(
  world: World,
  listed: Json | undefined,
  { files, holder, before }: { files: readonly UploadedFile[]; holder: Holder; before: readonly ApiAttachment[] },
): ApiAttachment[] {
  if (files.some((file) => file.bytes.byteLength > world.attachmentSizeLimitBytes)) throw refuse('tooLarge');
  const uploads = new Map(files.map((file) => [/^files\[(\d+)\]$/.exec(file.field)?.[1] ?? file.field, file]));
  const entries = Array.isArray(listed) ? listed.filter(isObject) : null;
  const keep = (entry: JsonObject): ApiAttachment => {
    const id = String(entry.id);
    const upload = uploads.get(id);
    uploads.delete(id);
    const description = typeof entry.description === 'string' ? { description: entry.description } : {};
    const spoiler = typeof entry.is_spoiler === 'boolean' ? { spoiler: entry.is_spoiler } : {};
    if (upload) return storeFile(world, { ...upload, ...description, ...spoiler }, holder);
    const old = before.find((attachment) => attachment.id === id);
    if (old) return { ...old, ...description, ...(spoiler.spoiler === undefined ? {} : spoilerFlags(spoiler.spoiler)) };
    throw invalidForm(['attachments'], 'ATTACHMENT_NOT_FOUND', `There is neither a file nor an attachment ${id}.`);
  };
  const result = entries ? entries.map(keep) : [...before];
  if (entries && uploads.size > 0) {
    throw invalidForm(
      ['attachments'],
      'ATTACHMENT_NOT_LISTED',
      `Not listed in attachments: ${[...uploads.keys()].join(', ')}.`,
    );
  }
  for (const upload of uploads.values()) result.push(storeFile(world, upload, holder));
  if (result.length > 10) throw invalidForm(['attachments'], 'BASE_TYPE_MAX_LENGTH', 'Must be 10 or fewer in length.');
  return result;
}

function storeEmbed(embed: JsonObject): JsonObject {
  const kept = Object.fromEntries(Object.entries(embed).filter(([, value]) => value !== null));
  const list = Array.isArray(embed.fields) ? embed.fields.filter(isObject) : undefined;
  return {
    ...kept,
    type: 'rich',
    ...(list ? { fields: list.map((field) => ({ ...field, inline: field.inline === true })) } : {}),
  };
}

/** Users named in the text, as far as `allowed_mentions` lets them be pinged. */
function mentionsOf(world: World, content: string, allowed: Json | undefined): ApiUser[] {
  const ids = new Set([...content.matchAll(/<@!?(\d+)>/g)].map((match) => match[1] as string));
  const rule = isObject(allowed) ? allowed : null;
  const everybody = !rule || (Array.isArray(rule.parse) && rule.parse.includes('users'));
  const named = rule && Array.isArray(rule.users) ? rule.users : [];
  return [...ids].filter((id) => everybody || named.includes(id)).flatMap((id) => world.users.get(id)?.user ?? []);
}

/**
 * Embeds and attachments as sent out: links signed afresh, `attachment://name` in embeds resolved,
 * and the attachments that embeds use left out of the list, as Discord does. Of Components V2 all are left out:
 * https://github.com/discord/discord-api-docs/issues/8277.
 */
export function renderFiles(
  world: World,
  message: ApiMessage,
): Pick<ApiMessage, 'attachments' | 'embeds' | 'components'> {
  const attachments = message.attachments.map((attachment) => signed(world, attachment));
  const components = renderLayout(message.components, attachments);
  if ((message.flags & contentFlag.componentsV2) !== 0) return { embeds: [], attachments: [], components };
  const used = new Set<Snowflake>();
  const picture = (value: Json | undefined): Json | undefined => {
    if (!isObject(value) || typeof value.url !== 'string') return value;
    const name = value.url.startsWith('attachment://') ? value.url.slice('attachment://'.length) : null;
    const source = attachments.find((attachment) => attachment.filename === name);
    if (!source) return value;
    used.add(source.id);
    const { url, proxy_url, width = 0, height = 0 } = source;
    return { ...value, url, proxy_url, width, height };
  };
  const embeds = message.embeds.map((embed) => {
    const resolved = { ...embed };
    for (const name of ['image', 'thumbnail']) {
      if (embed[name] !== undefined) resolved[name] = picture(embed[name]);
    }
    return resolved;
  });
  return { embeds, attachments: attachments.filter(({ id }) => !used.has(id)), components };
}
