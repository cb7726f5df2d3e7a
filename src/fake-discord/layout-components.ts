import { storeComponents } from './component-rules.ts';
import { isObject } from './form-rules.ts';
import type { ApiAttachment, ApiComponent, Json, JsonObject, Snowflake } from './payloads.ts';

/** ComponentType numbers of Components V2: https://docs.discord.com/developers/components/reference. */
const layoutType = { section: 9, thumbnail: 11, gallery: 12, file: 13, separator: 14, container: 17 } as const;

/** The components of a Components V2 message as Discord stores them: numbered, defaults filled in. */
export function storeLayout(list: readonly Json[], nextId: () => Snowflake): ApiComponent[] {
  const media = (value: Json | undefined): JsonObject => ({ ...(isObject(value) ? value : {}), id: nextId() });
  const store = (source: ApiComponent): ApiComponent => {
    const spoiler = source.spoiler === true;
    const description = source.description ?? null;
    const inner = source.components ? { components: source.components.map(store) } : {};
    if (source.type === layoutType.section) {
      return { ...source, ...inner, accessory: store(source.accessory as ApiComponent) };
    }
    if (source.type === layoutType.thumbnail) return { ...source, media: media(source.media), description, spoiler };
    if (source.type === layoutType.file) {
      return { ...source, file: media(source.file), name: null, size: null, spoiler };
    }
    if (source.type === layoutType.container) return { accent_color: null, ...source, ...inner, spoiler };
    if (source.type === layoutType.separator) return { divider: true, spacing: 1, ...source };
    if (source.type !== layoutType.gallery) return { ...source, ...inner };
    const items = (source.items as JsonObject[]).map((item) => ({
      media: media(item.media),
      description: item.description ?? null,
      spoiler: item.spoiler === true,
    }));
    return { ...source, items };
  };
  return storeComponents([...list]).map(store);
}

/** The components as sent out: `attachment://name` becomes a signed link with what is known of the file. */
export function renderLayout(
  components: readonly ApiComponent[],
  attachments: readonly ApiAttachment[],
): ApiComponent[] {
  const find = (url: Json | undefined): ApiAttachment | undefined =>
    attachments.find(({ filename }) => url === `attachment://${filename}`);
  const resolve = (media: JsonObject): JsonObject => {
    const source = find(media.url);
    if (!source) return { proxy_url: media.url, ...media };
    const { url, proxy_url, width = null, height = null, content_type = null, id } = source;
    return { ...media, url, proxy_url, width, height, content_type, attachment_id: id };
  };
  return components.map((component) => {
    const result: ApiComponent = { ...component };
    if (component.components) result.components = renderLayout(component.components, attachments);
    if (isObject(component.accessory)) {
      [result.accessory] = renderLayout([component.accessory as ApiComponent], attachments);
    }
    if (isObject(component.media)) result.media = resolve(component.media);
    if (component.type === layoutType.file && isObject(component.file)) {
      const source = find(component.file.url);
      Object.assign(result, {
        file: resolve(component.file),
        name: source?.filename ?? null,
        size: source?.size ?? null,
      });
    }
    if (component.type === layoutType.gallery && Array.isArray(component.items)) {
      result.items = component.items
        .filter(isObject)
        .map((item) => ({ ...item, media: resolve(item.media as JsonObject) }));
    }
    return result;
  });
}
