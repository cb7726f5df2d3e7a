import { CDN, ComponentType, StickerFormatType } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { findPictures, type MessageWithReference } from '../../src/bot/find-pictures.ts';

const cdn = new CDN('https://cdn', 'https://media');
const attached = (filename: string, more: object = {}) => ({ filename, url: `https://cdn/${filename}`, ...more });

/** Of Discord's messages only what the finder reads. */
const find = (message: object) => findPictures(message as MessageWithReference, cdn);
const names = (message: object) => find(message).map(({ name }) => name);

describe('finding pictures', () => {
  it('goes by what attachments claim to be, and leaves out the rest', () => {
    const attachments = [
      attached('a.PNG', { size: 7 }),
      attached('b', { content_type: 'image/webp' }),
      attached('c.txt', { content_type: 'text/plain' }),
      attached('d.mp4'),
    ];
    expect(names({ attachments })).toEqual(['a.PNG', 'b']);
    expect(find({ attachments })[0]).toEqual({ name: 'a.PNG', url: 'https://cdn/a.PNG', size: 7, isSpoiler: false });
  });

  it('takes pictures of embeds from Discord’s own copy', () => {
    const image = { url: 'https://elsewhere/cat.png', proxy_url: 'https://media.discordapp.net/x/cat.png' };
    expect(find({ embeds: [{ image }, { thumbnail: { url: 'https://cdn/dog.png' }, title: 'Dog' }, {}] })).toEqual([
      { name: 'cat.png', url: 'https://media.discordapp.net/x/cat.png', isSpoiler: false },
      { name: 'Dog', url: 'https://cdn/dog.png', isSpoiler: false },
    ]);
  });

  it('walks Components V2: thumbnails of sections, galleries, files, and containers of them', () => {
    const media = (name: string, more: object = {}) => ({
      url: `https://cdn/${name}`,
      proxy_url: `https://proxy/${name}`,
      ...more,
    });
    const section = (accessory: object) => ({ type: ComponentType.Section, components: [], accessory });
    const components = [
      {
        type: ComponentType.Container,
        components: [
          section({ type: ComponentType.Thumbnail, media: media('a.png', { attachment_id: '1' }) }),
          section({ type: ComponentType.Button }),
          {
            type: ComponentType.MediaGallery,
            items: [{ media: media('b.png') }, { media: media('film.mp4', { content_type: 'video/mp4' }) }],
          },
          { type: ComponentType.Separator },
        ],
      },
      { type: ComponentType.File, file: media('x', { content_type: 'image/gif' }), name: 'c.gif', size: 42 },
      { type: ComponentType.File, file: media('notes.pdf'), name: 'notes.pdf' },
      { type: ComponentType.ActionRow, components: [] },
    ];
    expect(find({ attachments: [], components })).toEqual([
      { name: 'a.png', url: 'https://cdn/a.png', isSpoiler: false },
      { name: 'b.png', url: 'https://proxy/b.png', isSpoiler: false },
      { name: 'c.gif', url: 'https://proxy/x', size: 42, isSpoiler: false },
    ]);
  });

  it('takes stickers that are pictures, which Lottie is not', () => {
    const { PNG, APNG, Lottie, GIF } = StickerFormatType;
    const sticker_items = [PNG, APNG, Lottie, GIF].map((format_type, index) => ({
      id: index,
      name: 'wave',
      format_type,
    }));
    expect(find({ sticker_items }).map(({ url }) => url)).toEqual([
      'https://cdn/stickers/0.png',
      'https://cdn/stickers/1.png',
      'https://media/stickers/3.gif',
    ]);
  });

  it('looks into what a message forwards, and else into what it replies to', () => {
    const holder = { attachments: [attached('a.png')] };
    const forward = { message_snapshots: [{ message: holder }] };
    expect(names(forward)).toEqual(['a.png']);
    expect(names({ content: 'this', referenced_message: holder })).toEqual(['a.png']);
    expect(names({ referenced_message: forward })).toEqual(['a.png']);
    expect(names({ attachments: [attached('b.png')], referenced_message: holder })).toEqual(['b.png']);
    expect(names({ referenced_message: null })).toEqual([]);
  });

  it('bears with whatever is missing or null', () => {
    const nothing = { attachments: null, embeds: null, components: null, sticker_items: null, message_snapshots: null };
    expect(names(nothing)).toEqual([]);
    const components = [
      { type: ComponentType.Container },
      { type: ComponentType.Section },
      { type: ComponentType.MediaGallery },
      { type: ComponentType.File },
      { type: 99 },
    ];
    expect(names({ components, embeds: [{ image: null, thumbnail: null }], message_snapshots: [{}] })).toEqual([]);
    expect(names({})).toEqual([]);
  });

  it('names each picture once, and as many as a menu holds', () => {
    const attachments = Array.from({ length: 14 }, (_, index) => attached(`${index}.png`));
    expect(names({ attachments })).toHaveLength(10);
    expect(names({ attachments: [attached('a.png'), attached('a.png')] })).toEqual(['a.png']);
  });

  it('says which ones are hidden: by flag, by name, by their component or its container, behind ||a link||', () => {
    const hidden = (message: object) => find(message).map(({ isSpoiler }) => isSpoiler);
    const attachments = [attached('a.png', { flags: 8 }), attached('SPOILER_b.png'), attached('c.png', { flags: 4 })];
    expect(hidden({ attachments })).toEqual([true, true, false]);

    const media = (name: string) => ({ url: `https://cdn/${name}` });
    const gallery = {
      type: ComponentType.MediaGallery,
      items: [{ media: media('a.png'), spoiler: true }, { media: media('b.png') }],
    };
    const thumbnail = { type: ComponentType.Thumbnail, media: media('c.png'), spoiler: true };
    const file = { type: ComponentType.File, file: media('d.png'), spoiler: true };
    const section = { type: ComponentType.Section, accessory: thumbnail };
    expect(hidden({ components: [gallery, section, file] })).toEqual([true, false, true, true]);
    expect(hidden({ components: [{ type: ComponentType.Container, spoiler: true, components: [gallery] }] })).toEqual([
      true,
      true,
    ]);

    const link = (name: string) => ({ url: `https://site/${name}`, thumbnail: media(`${name}.png`) });
    const content = 'look: https://site/open and ||https://site/shut||';
    expect(hidden({ content, embeds: [link('open'), link('shut')] })).toEqual([false, true]);
    expect(hidden({ message_snapshots: [{ message: { attachments: [attached('a.png', { flags: 8 })] } }] })).toEqual([
      true,
    ]);
  });
});
