import { expect, it } from 'vitest';
import { fetchPicturesRepliedTo, findPictures, findPicturesAround } from '../../src/bot/find-pictures.ts';

const attached = (name: string, contentType: string | null = null) => ({
  name,
  url: `https://cdn/${name}`,
  contentType,
});
const embed = (more: object) => ({ title: null, image: null, thumbnail: null, ...more }) as never;

it('finds pictures by what they claim to be, and leaves out the rest', () => {
  const files = [attached('a.PNG'), attached('b', 'image/webp'), attached('c.txt', 'text/plain'), attached('d.mp4')];
  const found = findPictures({ attachments: new Map(files.map((file) => [file.name, file])), embeds: [] });
  expect(found.map(({ name }) => name)).toEqual(['a.PNG', 'b']);
});

it('takes pictures of embeds from Discord’s own copy', () => {
  const image = { url: 'https://elsewhere/cat.png', proxyURL: 'https://media.discordapp.net/x/cat.png' };
  const embeds = [embed({ image }), embed({ thumbnail: { url: 'https://cdn/dog.png' }, title: 'Dog' }), embed({})];
  expect(findPictures({ attachments: new Map(), embeds })).toEqual([
    { name: 'cat.png', url: 'https://media.discordapp.net/x/cat.png' },
    { name: 'Dog', url: 'https://cdn/dog.png' },
  ]);
});

it('looks into what a message forwards or replies to, and needs neither to be there', async () => {
  const bare = { attachments: new Map(), embeds: [], messageSnapshots: new Map(), reference: null };
  const holder = { ...bare, attachments: new Map([['1', attached('a.png')]]) };
  const names = (found: { name: string }[]) => found.map(({ name }) => name);
  const around = (message: object, repliedTo?: object) =>
    names(findPicturesAround(message as never, repliedTo as never));
  expect(around({ ...bare, messageSnapshots: new Map([['1', holder]]) })).toEqual(['a.png']);

  const reply = { ...bare, reference: { messageId: '7' } };
  expect(around(reply, holder)).toEqual(['a.png']);
  expect(around({ ...holder, reference: { messageId: '7' } }, bare)).toEqual(['a.png']);
  expect(around(reply)).toEqual([]);
  const fetched = async (message: object) => names(await fetchPicturesRepliedTo(message as never));
  expect(await fetched({ ...reply, fetchReference: async () => holder })).toEqual(['a.png']);
  expect(await fetched({ ...reply, fetchReference: () => Promise.reject(new Error('gone')) })).toEqual([]);
  expect(await fetched(bare)).toEqual([]);
});

it('finds as many as a menu holds', () => {
  const files = Array.from({ length: 14 }, (_, index) => [String(index), attached(`${index}.png`)] as const);
  expect(findPictures({ attachments: new Map(files), embeds: [] })).toHaveLength(10);
});
