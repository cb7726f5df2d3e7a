import { describe, expect, it } from 'vitest';
import { modelCapabilities } from '../../src/cli/bot-parts.ts';
import { UserError } from '../../src/errors.ts';
import type { FakeDiscord, FileInput, InvokeRequest } from '../../src/fake-discord/types.ts';
import { noLimits } from '../../src/storage/limits.ts';
import { tinyModel } from '../support/jobs.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, type StageOptions, setStage, smallPicture, watchedFetch } from './stage.ts';

/** A message's flag that only one person sees it. */
const ephemeral = 64;

const publicMessages = (discord: FakeDiscord) =>
  discord.messages().filter(({ flags = 0 }) => (flags & ephemeral) === 0);

/** The first answer's type: 5 is deferred, 4 a message at once. */
type RefusalOptions = Partial<StageOptions> & { acknowledged?: 4 | 5 };

/** Asks for a clip that must be refused, and gives back what the person reads. Nothing may be rendered. */
async function refusal(
  image: FileInput,
  request: Partial<InvokeRequest> = {},
  { acknowledged = 5, ...options }: RefusalOptions = {},
) {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, ...options });
  const handle = discord.invoke({ command: 'animate', attachments: { image }, ...request });
  expect(await handle.acknowledged).toMatchObject({ type: acknowledged });
  const message = await failureOf(handle);
  expect(message.components).toEqual([]);
  expect(renderer.renders).toEqual([]);
  // Seen by the asker alone, and the public "thinking…" is gone.
  expect((message.flags ?? 0) & ephemeral).toBe(ephemeral);
  expect(publicMessages(discord)).toEqual([]);
  return message.content;
}

describe('/animate refuses, seen by the asker alone and leaving nothing behind:', () => {
  it('a text file that is called .png', async () => {
    const file = { name: 'picture.png', bytes: Buffer.from('Dear bot, I am a picture.\n'), contentType: 'image/png' };
    expect(await refusal(file)).toBe(
      '⚠️ That file is not a picture (it looks like: text). Attach a JPEG, PNG, WebP, GIF or AVIF.',
    );
    expect(await refusal(file, { locale: 'es-419' })).toContain('Ese archivo no es una imagen');
  });

  it('a picture that is too large', async () => {
    const bytes = Buffer.concat([smallPicture.bytes, Buffer.alloc(20 * 1024 * 1024)]);
    expect(await refusal({ name: 'large.png', bytes }, {}, { acknowledged: 4 })).toBe(
      '⚠️ The file is too large: pictures may have up to 20 MB.',
    );
  });

  it('a picture that Discord says is too large, without asking for it', async () => {
    const { fetch, asked } = watchedFetch();
    const bytes = Buffer.concat([smallPicture.bytes, Buffer.alloc(20 * 1024 * 1024)]);
    const options = { fetch, acknowledged: 4 as const };
    expect(await refusal({ name: 'large.png', bytes }, { locale: 'es-ES' }, options)).toContain('hasta 20 MB');
    expect(asked).toEqual([]);
  });

  it('an attachment from a host that is not allowed, without asking it', async () => {
    const attachmentHosts = ['cdn.discordapp.com'];
    expect(await refusal(smallPicture, {}, { attachmentHosts, acknowledged: 4 })).toContain('Only pictures on Discord');
  });

  it('a format that is not read here', async () => {
    const tiff = Buffer.from('II*\0\x08\0\0\0', 'latin1');
    expect(await refusal({ name: 'tiff.png', bytes: tiff })).toContain('TIFF pictures are not supported here');
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
    expect(await refusal({ name: 'heic.jpg', bytes: heic })).toContain('Save yours as JPEG and attach that');
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

describe('fetches nothing for, and tells them alone,', () => {
  const animate = { command: 'animate', attachments: { image: smallPicture } };
  const limits = { sizeStep: 8, minSize: 16, maxSize: 512, maxFrames: 4, maxSteps: 60 };
  const model = modelCapabilities({ ...tinyModel, limits });
  const reasons: [string, string, Partial<InvokeRequest>, Partial<StageOptions>, [string, object?]?][] = [
    ['who is blocked', 'have blocked you', {}, {}, ['kinora-admin block', { user: 'alice' }]],
    ['who comes while the queue is drained', 'accepts no new requests', {}, {}, ['kinora-admin drain']],
    ['who asks in the wrong place', 'be made in: <#', {}, {}, ['kinora-config allow', { channel: 'studio' }]],
    [
      'who asks for too many steps',
      'Up to 5 steps',
      { options: { steps: 6 } },
      { config: { limits: { ...noLimits, maxSteps: 5 } } },
    ],
    [
      'who asks for more steps than a sampler takes',
      'With the sampler `animate-lcm` a clip takes 1 to 40 steps, not 50.',
      { options: { preset: 'animate-lcm', steps: 50 } },
      { model },
    ],
    [
      'who asks for more steps than a sampler takes, in Spanish',
      'Con el sampler `animate-lcm` un clip lleva de 1 a 40 pasos, no 50.',
      { options: { preset: 'animate-lcm', steps: 50 }, locale: 'es-ES' },
      { model },
    ],
  ];

  it.each(reasons)('%s', async (_, text, request, options, [command, named = {}] = ['']) => {
    const renderer = createScriptedRenderer();
    const { fetch, asked } = watchedFetch();
    const { discord } = await setStage({ renderer, fetch, ...options });
    const known: Record<string, string> = { alice: discord.userId, studio: discord.createChannel('studio') };
    if (command !== '') {
      const values = Object.fromEntries(Object.entries(named).map(([option, name]) => [option, known[String(name)]!]));
      await discord
        .invoke({ command, options: values, user: discord.ownerId })
        .waitForMessage(({ content }) => content !== '');
    }
    const { id } = discord.postMessage({ attachments: [smallPicture] });
    const ways = [
      discord.invoke({ ...animate, ...request }),
      // By the menu too, which has no options.
      ...(request.options === undefined
        ? [discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id })]
        : []),
    ];
    for (const handle of ways) {
      expect(await handle.acknowledged).toMatchObject({ type: 4, ephemeral: true });
      expect((await failureOf(handle)).content).toContain(text);
    }
    expect(asked).toEqual([]);
    expect(renderer.renders).toEqual([]);
  });

  it('who presses a button under a clip and may not', async () => {
    const renderer = createScriptedRenderer();
    const { discord } = await setStage({ renderer, config: { limits: { ...noLimits, dailyQuota: 1 } } });
    const handle = discord.invoke(animate);
    (await renderer.begun(0)).finish();
    const clip = await clipOf(handle);
    const customId = /"custom_id":"(again:\w+)"/.exec(JSON.stringify(clip.components))![1]!;
    const press = discord.clickButton({ messageId: clip.id, customId });
    expect(await press.acknowledged).toMatchObject({ type: 4, ephemeral: true });
    expect((await failureOf(press)).content).toContain('daily limit');
  });
});

it('a refusal whose follow-up Discord does not take comes by direct message, and leaves nothing in the channel', async () => {
  const { discord } = await setStage({ renderer: createScriptedRenderer() });
  discord.failNext({
    route: 'POST /webhooks/:application/:token',
    status: 401,
    body: { code: 50027, message: 'Invalid Webhook Token' },
  });
  discord.invoke({ command: 'animate', attachments: { image: { name: 'a.png', bytes: Buffer.from('no picture') } } });
  const told = await discord.waitForMessage(({ content }) => content.includes('not a picture'));
  expect(told.channel_id).not.toBe(discord.channelId);
  expect(publicMessages(discord).filter(({ channel_id }) => channel_id === discord.channelId)).toEqual([]);
});

it('looks at the limits again when the picture is there', async () => {
  const renderer = createScriptedRenderer();
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { fetch, asked } = watchedFetch();
  const slowFetch: typeof fetch = async (input, init) => {
    const response = fetch(input, init);
    await gate;
    return response;
  };
  const config = { limits: { ...noLimits, dailyQuota: 1 } };
  const { discord } = await setStage({ renderer, config, fetch: slowFetch });
  const both = [0, 1].map(() => discord.invoke({ command: 'animate', attachments: { image: smallPicture } }));
  await expect.poll(() => asked.length).toBe(2);
  open();
  const render = await renderer.begun(0);
  const refused = await discord.waitForMessage(({ content }) => content.startsWith('⚠️'));
  expect(refused.content).toContain('daily limit');
  render.finish();
  await Promise.race(both.map(clipOf));
  expect(renderer.renders).toHaveLength(1);
});

it('shows an id and nothing more of what is not the person’s to mend', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log } = await setStage({ renderer });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  for (const attempt of [0, 1]) {
    (await renderer.begun(attempt)).fail(new Error('/models/secret.safetensors: no such file'));
  }
  const { content } = await failureOf(handle);
  expect(content).not.toContain('secret');
  const id = /id ([0-9a-f]{8})/.exec(content)?.[1];
  const event = log.events.find(({ fields }) => fields.job === id && fields.err !== undefined);
  expect(event?.fields.err).toMatchObject({ message: expect.stringContaining('secret') });
});

it('shows an id that the log has of what breaks before there is a job', async () => {
  const checkSettings = () => {
    throw new Error('/models/secret.json: no such file');
  };
  const { discord, log } = await setStage({
    renderer: createScriptedRenderer(),
    model: { ...tinyModel, checkSettings },
  });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  const { content } = await failureOf(handle);
  expect(content).not.toContain('secret');
  const [, id] = /id ([0-9a-f]{8})\)\./.exec(content) ?? [];
  const failure = log.events.find(({ fields }) => fields.errorId === id);
  expect(failure).toMatchObject({ level: 'error', fields: { err: { message: expect.stringContaining('secret') } } });
});

it('tells a refusal that is longer than a message, as far as one goes', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  // A code of a newer render process: nothing but its own words is known.
  (await renderer.begun(0)).fail(new UserError('brand-new', 'too much to say '.repeat(1000)));
  const { content } = await failureOf(handle);
  expect(content.length).toBeGreaterThan(1900);
  expect(content).toMatch(/^⚠️ too much to say .*…$/);
});
