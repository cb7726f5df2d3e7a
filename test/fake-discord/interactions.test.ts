import {
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  ButtonStyle,
  type Client,
  ComponentType,
  Events,
  type Interaction,
  InteractionContextType,
  LabelBuilder,
  MessageFlags,
  ModalBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';

const contexts = [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel];
const integrationTypes = [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall];

// 1×1 GIF: the size is read from the file's header.
const picture = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

let fake: FakeDiscord;
let client: Client;
let answer: (interaction: Interaction) => Promise<unknown>;
let failure: unknown;

beforeAll(async () => {
  fake = await startValidated();
  client = clientFor(fake);
  client.on(Events.InteractionCreate, (interaction) => {
    answer(interaction).catch((error: unknown) => {
      failure = error;
    });
  });
  await ready(client, fake.token);
  await client.application?.commands.set([
    {
      name: 'animate',
      description: 'Animate a picture',
      contexts,
      integrationTypes,
      options: [
        { type: ApplicationCommandOptionType.Attachment, name: 'image', description: 'A picture', required: true },
        { type: ApplicationCommandOptionType.Integer, name: 'seed', description: 'Any', minValue: 0, maxValue: 9 },
        { type: ApplicationCommandOptionType.String, name: 'style', description: 'A style', autocomplete: true },
      ],
    },
    {
      name: 'queue',
      description: 'The queue',
      options: [{ type: ApplicationCommandOptionType.Subcommand, name: 'show', description: 'Show it' }],
    },
    { name: 'Animate', type: ApplicationCommandType.Message, contexts, integrationTypes },
    { name: 'admin', description: 'For admins', defaultMemberPermissions: '8' },
  ]);
});

afterEach(() => {
  expect(failure).toBeUndefined();
  expect(fake.violations()).toEqual([]);
});

afterAll(async () => {
  await client.destroy();
  await fake.close();
});

const image = { name: 'a cat.gif', bytes: picture, contentType: 'image/gif' };

describe('a slash command', () => {
  it('carries an attachment, is deferred, then edited to hold a file that comes back byte by byte', async () => {
    const clip = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
    let seen: Buffer | undefined;
    answer = async (interaction) => {
      if (!interaction.isChatInputCommand()) return;
      await interaction.deferReply();
      const attachment = interaction.options.getAttachment('image', true);
      expect(attachment).toMatchObject({ name: 'a_cat.gif', contentType: 'image/gif', width: 1, height: 1, size: 42 });
      expect(interaction.options.getInteger('seed')).toBe(7);
      expect(interaction.attachmentSizeLimit).toBe(20 * 1024 * 1024);
      expect(interaction.locale).toBe('es-ES');
      expect(interaction.guildLocale).toBe('en-US');
      expect(interaction.appPermissions.has('AttachFiles')).toBe(true);
      expect(interaction.context).toBe(InteractionContextType.Guild);
      seen = Buffer.from(await (await fetch(attachment.url)).arrayBuffer());
      await interaction.editReply({ content: 'Here', files: [{ attachment: clip, name: 'clip.mp4' }] });
    };
    const handle = fake.invoke({
      command: 'animate',
      options: { seed: 7 },
      attachments: { image },
      locale: 'es-ES',
    });
    expect(await handle.acknowledged).toMatchObject({ type: 5, ephemeral: false });
    const message = await handle.waitForMessage(({ attachments }) => attachments.length === 1);
    expect(seen?.equals(picture)).toBe(true);
    expect(message).toMatchObject({ content: 'Here', flags: 0, edited_timestamp: null, type: 20 });
    const [file] = message.attachments;
    expect(file).toMatchObject({ filename: 'clip.mp4', content_type: 'video/mp4', size: clip.length });

    const whole = await fake.download(file?.url ?? '');
    expect(whole.status).toBe(200);
    expect(Buffer.from(whole.bytes).equals(clip)).toBe(true);
    const part = await fake.download(file?.url ?? '', 'bytes=100-199');
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 100-199/5000');
    expect(Buffer.from(part.bytes).equals(clip.subarray(100, 200))).toBe(true);
  });

  it('is answered with the message when asked for, and ephemerally so that only its user sees it', async () => {
    const other = fake.createUser('Bob').id;
    answer = async (interaction) => {
      if (!interaction.isChatInputCommand()) return;
      const { resource } = await interaction.reply({
        content: 'Psst',
        flags: MessageFlags.Ephemeral,
        withResponse: true,
      });
      expect(resource?.message?.content).toBe('Psst');
      await interaction.followUp({ content: 'More', flags: MessageFlags.Ephemeral });
    };
    const handle = fake.invoke({ command: 'queue show' });
    const message = await handle.waitForMessage(({ content }) => content === 'More');
    expect(message.flags).toBe(64);
    expect(fake.messages(fake.channelId, other).some(({ id }) => id === message.id)).toBe(false);
    expect(fake.messages(fake.channelId, fake.userId).some(({ id }) => id === message.id)).toBe(true);
    // The channel's route does not know ephemeral messages.
    const channel = await client.channels.fetch(fake.channelId);
    if (!channel?.isSendable()) throw new Error('not a text channel');
    await expect(channel.messages.fetch(message.id)).rejects.toMatchObject({ code: 10008 });
  });

  it('works in the DM, and where only the user installed the app, without channel access', async () => {
    const seen: unknown[] = [];
    answer = async (interaction) => {
      if (!interaction.isChatInputCommand()) return;
      seen.push([interaction.context, interaction.guildId, interaction.authorizingIntegrationOwners]);
      await interaction.reply('Yes');
    };
    const dm = fake.invoke({ command: 'animate', attachments: { image }, place: 'dm' });
    await dm.acknowledged;
    const away = fake.invoke({ command: 'animate', attachments: { image }, place: 'user-install' });
    await away.acknowledged;
    const between = fake.invoke({ command: 'animate', attachments: { image }, place: 'private-channel' });
    await between.acknowledged;
    expect(seen).toMatchObject([
      [InteractionContextType.BotDM, null, { 0: '0' }],
      [InteractionContextType.Guild, expect.stringMatching(/^\d{18,19}$/), { 1: fake.userId }],
      [InteractionContextType.PrivateChannel, null, { 1: fake.userId }],
    ]);
    await expect(client.channels.fetch(away.channelId)).rejects.toMatchObject({ code: 50001 });
  });

  it('is refused where Discord would not offer it', () => {
    const invoke = (request: Parameters<FakeDiscord['invoke']>[0]) => () => fake.invoke(request);
    expect(invoke({ command: 'nothing' })).toThrow(/no command nothing/);
    expect(invoke({ command: 'queue' })).toThrow(/has subcommands: show/);
    expect(invoke({ command: 'queue show', place: 'private-channel' })).toThrow(/not offered here/);
    expect(invoke({ command: 'admin' })).toThrow(/default_member_permissions/);
    expect(invoke({ command: 'animate' })).toThrow(/image is required/);
    expect(invoke({ command: 'animate', attachments: { image }, options: { seed: 10 } })).toThrow(/between 0 and 9/);
    expect(invoke({ command: 'animate', attachments: { image }, options: { seed: 1.5 } })).toThrow(/whole number/);
    expect(invoke({ command: 'animate', attachments: { image }, options: { sed: 1 } })).toThrow(/not an option/);
  });

  it('completes what is being typed', async () => {
    answer = async (interaction) => {
      if (!interaction.isAutocomplete()) return;
      const { name, value } = interaction.options.getFocused(true);
      await interaction.respond([{ name: `${name}: ${value}rama`, value: 'pano' }]);
    };
    const choices = await fake.autocomplete({ command: 'animate', focused: 'style', options: { style: 'pano' } });
    expect(choices).toEqual([{ name: 'style: panorama', value: 'pano' }]);
  });
});

describe('components', () => {
  const button = {
    type: ComponentType.Button,
    style: ButtonStyle.Danger,
    customId: 'cancel',
    label: 'Cancel',
  } as const;
  const menu = {
    type: ComponentType.StringSelect,
    customId: 'motion',
    options: [
      { label: 'Low', value: 'low' },
      { label: 'High', value: 'high' },
    ],
  } as const;
  const rows = [
    { type: ComponentType.ActionRow, components: [button] },
    { type: ComponentType.ActionRow, components: [menu] },
  ] as const;

  it('updates the message a button sits on', async () => {
    answer = async (interaction) => {
      if (interaction.isChatInputCommand()) await interaction.reply({ content: 'Go?', components: rows });
      else if (interaction.isButton()) {
        expect(interaction.customId).toBe('cancel');
        expect(interaction.message.content).toBe('Go?');
        await interaction.update({ content: 'Cancelled', components: [] });
      }
    };
    const message = await fake.invoke({ command: 'queue show' }).waitForMessage();
    expect(() => fake.clickButton({ messageId: message.id, customId: 'other' })).toThrow(/cancel \(Cancel\)/);
    const click = fake.clickButton({ messageId: message.id });
    expect((await click.acknowledged).type).toBe(7);
    expect(fake.message(message.id)).toMatchObject({ content: 'Cancelled', components: [] });
  });

  it('passes on what was chosen in a menu, deferred first', async () => {
    answer = async (interaction) => {
      if (interaction.isChatInputCommand()) await interaction.reply({ content: 'Which?', components: rows });
      else if (interaction.isStringSelectMenu()) {
        await interaction.deferUpdate();
        await interaction.editReply({ content: interaction.values.join() });
      }
    };
    const message = await fake.invoke({ command: 'queue show' }).waitForMessage();
    expect(() => fake.selectOption({ messageId: message.id, values: ['none'] })).toThrow(/no option none/);
    fake.selectOption({ messageId: message.id, values: ['high'] });
    await fake.waitForMessage(({ id, content }) => id === message.id && content === 'high');
  });

  it('opens a modal, fills it in and answers it', async () => {
    answer = async (interaction) => {
      if (interaction.isChatInputCommand()) await interaction.reply({ content: 'Edit?', components: rows });
      else if (interaction.isButton()) {
        const seed = new TextInputBuilder().setCustomId('seed').setStyle(TextInputStyle.Short).setMaxLength(4);
        const label = new LabelBuilder().setLabel('Seed').setTextInputComponent(seed);
        const modal = new ModalBuilder().setCustomId('settings').setTitle('Settings').addLabelComponents(label);
        await interaction.showModal(modal);
      } else if (interaction.isModalSubmit()) {
        await interaction.reply(`Seed ${interaction.fields.getTextInputValue('seed')}`);
      }
    };
    const message = await fake.invoke({ command: 'queue show' }).waitForMessage();
    const click = fake.clickButton({ messageId: message.id, customId: 'cancel' });
    const { modal } = await click.acknowledged;
    expect(modal).toMatchObject({ custom_id: 'settings', title: 'Settings' });
    const submit = (seed: string) => fake.submitModal({ interactionId: click.id, values: { seed } });
    expect(() => submit('12345')).toThrow(/0 to 4 characters/);
    const answered = await submit('42').waitForMessage();
    expect(answered.content).toBe('Seed 42');
  });
});

describe('a message command', () => {
  it('gets the whole target, whatever the intents', async () => {
    const target = fake.postMessage({ content: 'My cat', attachments: [image] });
    answer = async (interaction) => {
      if (!interaction.isMessageContextMenuCommand()) return;
      const { content, attachments } = interaction.targetMessage;
      await interaction.reply(`${content}: ${attachments.first()?.name}`);
    };
    const handle = fake.invokeMessageCommand({ command: 'Animate', targetMessageId: target.id });
    const message = await handle.waitForMessage();
    expect(message).toMatchObject({ content: 'My cat: a_cat.gif', type: 23 });
  });
});
