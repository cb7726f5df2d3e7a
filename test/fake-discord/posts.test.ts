import { type Client, Events, GatewayIntentBits, type Message } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';
import { rest } from './rest.ts';

// 1×1 GIF: the size is read from the file's header.
const bytes = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const picture = (name: string) => ({ name, bytes });

let fake: FakeDiscord;
let client: Client | null = null;

beforeEach(async () => {
  fake = await startValidated({ messageContentIntent: true });
});

afterEach(async () => {
  expect(fake.violations()).toEqual([]);
  await client?.destroy();
  client = null;
  await fake.close();
});

async function connect(messageContent: boolean): Promise<Client> {
  const more = messageContent ? [GatewayIntentBits.MessageContent] : [];
  const intents = [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, ...more];
  client = clientFor(fake, { intents, rest: { api: fake.apiUrl, cdn: fake.cdnUrl, mediaProxy: fake.cdnUrl } });
  await ready(client, fake.token);
  return client;
}

/** What a client makes of a message, and what REST says of it. */
async function received(messageContent: boolean, post: () => ApiMessage): Promise<{ seen: Message; raw: ApiMessage }> {
  const connected = await connect(messageContent);
  const arrived = new Promise<Message>((resolve) => connected.once(Events.MessageCreate, resolve));
  const { id } = post();
  const { body } = await rest(fake, `GET /channels/${fake.channelId}/messages/${id}`);
  return { seen: await arrived, raw: body as ApiMessage };
}

describe('Components V2', () => {
  // https://docs.discord.com/developers/components/reference
  const components = [
    {
      type: 17,
      components: [
        { type: 9, components: [{ type: 10, content: 'A cat' }], accessory: thumbnail('attachment://a.gif') },
        { type: 12, items: [{ media: { url: 'attachment://b.gif' }, description: 'A dog', spoiler: true }] },
        { type: 14 },
      ],
    },
    { type: 13, file: { url: 'attachment://c.gif' } },
    { type: 12, items: [{ media: { url: 'https://example.com/elsewhere.png' } }] },
  ];
  function thumbnail(url: string) {
    return { type: 11, media: { url } };
  }
  const post = () =>
    fake.postMessage({ components, attachments: [picture('a.gif'), picture('b.gif'), picture('c.gif')] });

  it('leave attachments empty and have signed links in their media, which the CDN serves', async () => {
    const { seen, raw } = await received(true, post);
    expect(seen.flags.has('IsComponentsV2')).toBe(true);
    expect([seen.attachments.size, seen.content, raw.attachments]).toEqual([0, '', []]);
    const [container, file, gallery] = raw.components as unknown as [
      {
        components: [{ accessory: { media: { url: string } } }, { items: [{ spoiler: boolean; description: string }] }];
      },
      { file: { url: string; width: number; content_type: string }; name: string; size: number; spoiler: boolean },
      { items: [{ media: { url: string }; spoiler: boolean }] },
    ];
    expect(container.components[1].items).toMatchObject([{ spoiler: true, description: 'A dog' }]);
    expect(file).toMatchObject({
      name: 'c.gif',
      size: 42,
      spoiler: false,
      file: { width: 1, content_type: 'image/gif' },
    });
    expect(gallery.items).toMatchObject([{ media: { url: 'https://example.com/elsewhere.png' }, spoiler: false }]);
    for (const url of [container.components[0].accessory.media.url, file.file.url]) {
      expect((await fake.download(url)).bytes.byteLength).toBe(bytes.byteLength);
    }
  });

  it('are withheld without the MessageContent intent', async () => {
    const { seen } = await received(false, post);
    expect(seen.components).toEqual([]);
  });
});

describe('a forwarded message', () => {
  // https://docs.discord.com/developers/resources/message#message-reference-content-attribution-forwards
  it('is empty but for an immutable snapshot without author', async () => {
    const source = fake.postMessage({ content: 'look', attachments: [picture('cat.gif')] });
    const { seen, raw } = await received(true, () => fake.postMessage({ forward: source.id }));
    expect([seen.content, seen.attachments.size, seen.flags.has('HasSnapshot')]).toEqual(['', 0, true]);
    expect(seen.messageSnapshots.first()?.attachments.first()).toMatchObject({ name: 'cat.gif', width: 1 });
    expect(raw.message_reference).toMatchObject({ type: 1, message_id: source.id, channel_id: fake.channelId });
    const [snapshot] = raw.message_snapshots as [{ message: ApiMessage }];
    expect([snapshot.message.content, snapshot.message.author]).toEqual(['look', undefined]);
    fake.deleteMessage({ messageId: source.id });
    const after = fake.message(raw.id)?.message_snapshots as unknown as [{ message: ApiMessage }];
    expect((await fake.download(after[0].message.attachments[0]?.url ?? '')).status).toBe(200);
  });

  it('withholds what is in the snapshot without the MessageContent intent', async () => {
    const source = fake.postMessage({ content: 'secret', attachments: [picture('cat.gif')] });
    const { seen } = await received(false, () => fake.postMessage({ forward: source.id }));
    expect([seen.messageSnapshots.first()?.content, seen.messageSnapshots.first()?.attachments.size]).toEqual(['', 0]);
  });
});

describe('stickers', () => {
  // https://docs.discord.com/developers/resources/sticker#sticker-object-sticker-format-types
  it.each([
    ['png', 1, 'png', 'image/png'],
    ['apng', 2, 'png', 'image/png'],
    ['lottie', 3, 'json', 'application/json; charset=utf-8'],
    ['gif', 4, 'gif', 'image/gif'],
  ] as const)(
    'of format %s are items with number %i, served without a signature',
    async (format, number, ending, type) => {
      const { seen, raw } = await received(true, () =>
        fake.postMessage({ stickers: [{ name: 'wave', format, bytes }] }),
      );
      expect(raw.sticker_items).toMatchObject([{ name: 'wave', format_type: number }]);
      const url = seen.stickers.first()?.url ?? '';
      expect(url).toBe(`${fake.cdnUrl}/stickers/${seen.stickers.firstKey()}.${ending}`);
      const { status, headers } = await fake.download(url);
      expect([status, headers.get('content-type')]).toEqual([200, type]);
    },
  );
});

describe('spoilers', () => {
  // https://docs.discord.com/developers/resources/message#attachment-object-attachment-flags
  const flagsOf = ({ attachments }: Pick<ApiMessage, 'attachments'>) => attachments.map(({ flags }) => flags);

  it('are a flag, whatever the name; the old names set it too', () => {
    const hidden = { ...picture('cat.gif'), spoiler: true, description: 'A cat' };
    const message = fake.postMessage({ attachments: [hidden, picture('SPOILER_dog.gif'), picture('bird.gif')] });
    expect(flagsOf(message)).toEqual([8, 8, undefined]);
    expect(message.attachments[0]).toMatchObject({ filename: 'cat.gif', description: 'A cat' });
  });

  it('are set by is_spoiler when the bot uploads, and changed by it when it edits', async () => {
    const messages = `/channels/${fake.channelId}/messages`;
    const files = [{ name: 'clip.mp4', bytes }];
    const { body } = await rest(fake, `POST ${messages}`, {
      body: { attachments: [{ id: '0', is_spoiler: true }] },
      files,
    });
    expect(flagsOf(body as ApiMessage)).toEqual([8]);
    const [clip] = (body as ApiMessage).attachments;
    const attachments = [{ id: clip?.id, is_spoiler: false }];
    const edited = await rest(fake, `PATCH ${messages}/${body.id}`, { body: { attachments } });
    expect(flagsOf(edited.body as ApiMessage)).toEqual([0]);
  });
});
