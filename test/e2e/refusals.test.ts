import { describe, expect, it } from 'vitest';
import type { FileInput, InvokeRequest } from '../../src/fake-discord/types.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { failureOf, type StageOptions, setStage, smallPicture } from './stage.ts';

/** Asks for a clip that must be refused, and gives back what the person reads. Nothing may be rendered. */
async function refusal(image: FileInput, request: Partial<InvokeRequest> = {}, options: Partial<StageOptions> = {}) {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, ...options });
  const handle = discord.invoke({ command: 'animate', attachments: { image }, ...request });
  expect(await handle.acknowledged).toMatchObject({ type: 5 });
  const message = await failureOf(handle);
  expect(message.components).toEqual([]);
  expect(renderer.renders).toEqual([]);
  return message.content;
}

describe('/animate refuses, after deferring and in words that help', () => {
  it('a text file that is called .png', async () => {
    const file = { name: 'picture.png', bytes: Buffer.from('Dear bot, I am a picture.\n'), contentType: 'image/png' };
    expect(await refusal(file)).toBe(
      '⚠️ That file is not a picture (it looks like: text). Attach a JPEG, PNG, WebP, GIF or AVIF.',
    );
    expect(await refusal(file, { locale: 'es-419' })).toContain('Ese archivo no es una imagen');
  });

  it('a picture that is too large', async () => {
    const bytes = Buffer.concat([smallPicture.bytes, Buffer.alloc(10 * 1024 * 1024)]);
    expect(await refusal({ name: 'large.png', bytes })).toBe('⚠️ The file is too large: pictures may have up to 10 MB.');
  });

  it('an attachment from a host that is not allowed, without asking it', async () => {
    const attachmentHosts = ['cdn.discordapp.com'];
    expect(await refusal(smallPicture, {}, { attachmentHosts })).toContain('only fetched from Discord');
  });

  it('a format that is not read here', async () => {
    const bytes = Buffer.from('\0\0\0\x20ftypavif\0\0\0\0mif1avif', 'latin1');
    expect(await refusal({ name: 'a.avif', bytes })).toContain('AVIF pictures cannot be read here');
  });
});

it('names the permissions that are missing before anything is queued', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const viewAndSend = (1n << 10n) | (1n << 11n);
  discord.setPermissions(discord.channelId, viewAndSend);
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  const { content } = await failureOf(handle);
  expect(content).toContain('It needs: Attach Files, Read Message History.');
  expect(renderer.renders).toEqual([]);
});

it('shows an id and nothing more of what is not the person’s to mend', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log } = await setStage({ renderer });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(0)).fail(new Error('/models/secret.safetensors: no such file'));
  const { content } = await failureOf(handle);
  expect(content).not.toContain('secret');
  const id = /id ([0-9a-f]{8})/.exec(content)?.[1];
  const event = log.events.find(({ fields }) => fields.jobId === id && fields.err !== undefined);
  expect(event?.fields.err).toMatchObject({ message: expect.stringContaining('secret') });
});
