import { ComponentType, MessageFlagsBitField } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { fitChoices, fitMessage, fitModal } from '../../src/bot/fit-message.ts';
import { fitRequest } from '../../src/bot/fitting-rest.ts';
import { deliveredView, progressView, queuedView } from '../../src/bot/job-view.ts';
import { languages } from '../../src/bot/languages/choose-messages.ts';
import { explainError } from '../../src/bot/languages/explain-error.ts';
import { type Messages, userErrorCodes } from '../../src/bot/languages/messages.ts';
import { animateMessage } from '../../src/commands/animate-message.ts';
import { checkPlace } from '../../src/commands/check-place.ts';
import { editButton } from '../../src/commands/edit.ts';
import { settingsView } from '../../src/commands/kinora-config-view.ts';
import { queueView } from '../../src/commands/queue-view.ts';
import { settingsButton } from '../../src/commands/settings.ts';
import { UserError } from '../../src/errors.ts';
import { modalData } from '../../src/fake-discord/component-rules.ts';
import { checkForm } from '../../src/fake-discord/form-rules.ts';
import { messageCreate } from '../../src/fake-discord/message-rules.ts';
import type { Json } from '../../src/fake-discord/payloads.ts';
import { type GuildSettings, guildSettingsSchema } from '../../src/storage/guild-settings.ts';
import type { Job } from '../../src/storage/job.ts';
import { limitNames, noLimits } from '../../src/storage/limits.ts';
import { newJob, tinyModel } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';

const everyTexts = [...new Set(Object.values(languages))];
const longest = 'W'.repeat(4000);
const nowhere = { parentId: null, isThread: false, isLocked: false, isPrivateToOthers: false, isAgeRestricted: false };
const id = (index: number) => String(10n ** 18n + BigInt(index));
const ids = (count: number) => Array.from({ length: count }, (_, index) => id(index));

/** Discord's rules as the stand-in holds them; throws where one is broken. */
const takes = (body: unknown, rule = messageCreate) => checkForm(JSON.parse(JSON.stringify(body)) as Json, rule);
const refuses = (body: unknown, rule = messageCreate) => expect(() => takes(body, rule)).toThrow();

function longJob(index = 0): Job {
  const { picture: _, ...request } = newJob({ userId: id(0), guildId: id(1) });
  const parent = { id: 'abcdef01', use: 'extend' as const, link: `https://discord.com/${longest}` };
  return { ...request, parent, id: index.toString(16).padStart(8, '0'), state: 'queued', attempts: 0, createdAtMs: 0 };
}

describe('fitMessage', () => {
  it('brings the largest of everything within what Discord takes', () => {
    const button = { type: 2 as const, style: 2 as const, label: longest };
    const option = { label: longest, description: longest };
    const embed = {
      title: longest,
      description: longest,
      image: { url: 'https://example.org/a.png' },
      author: { name: longest },
      footer: { text: longest },
      fields: Array.from({ length: 40 }, () => ({ name: longest, value: longest })),
    };
    const row = (prefix: string, count: number) => ({
      type: ComponentType.ActionRow as const,
      components: Array.from({ length: count }, (_, index) => ({ ...button, custom_id: `${prefix}${index}` })),
    });
    const menu = {
      type: ComponentType.StringSelect as const,
      custom_id: 'menu',
      placeholder: longest,
      max_values: 25,
      options: Array.from({ length: 40 }, (_, index) => ({ ...option, value: String(index) })),
    };
    const body = {
      content: longest,
      embeds: Array.from({ length: 20 }, () => embed),
      components: [
        row('a', 12),
        { type: ComponentType.ActionRow as const, components: [menu] },
        row('b', 5),
        row('c', 5),
      ],
    };
    refuses(body);
    const fitted = fitMessage(body);
    takes(fitted);
    expect(fitted.content).toHaveLength(2000);
    // Twelve buttons take three rows; what is left out is the last.
    expect(fitted.components.map(({ components }) => components.length)).toEqual([5, 5, 2, 1, 5]);
    expect(embedsLength(fitted.embeds)).toBeLessThanOrEqual(6000);
    expect(fitted.embeds).toHaveLength(10);
    // A message that fits is sent as it is.
    expect(fitMessage(fitted)).toEqual(fitted);
    const buttons = row('a', 5).components.map((one) => ({ ...one, label: 'Cancel' }));
    const rows = [{ type: ComponentType.ActionRow as const, components: buttons }];
    const small = { content: 'x', embeds: [{ title: 'y' }], components: rows, flags: 64 };
    expect(fitMessage(small)).toEqual(small);
  });

  it('leaves out buttons that would lead nowhere, and the rows that had nothing else', () => {
    const broken = { type: 2 as const, style: 2 as const, label: 'x', custom_id: longest };
    const link = { type: 2 as const, style: 5 as const, label: 'x', url: `https://example.org/${longest}` };
    const good = { type: 2 as const, style: 2 as const, label: 'x', custom_id: 'good' };
    const row = (...components: object[]) => ({ type: 1 as const, components }) as never;
    expect(fitMessage({ components: [row(broken), row(link, good)] })).toEqual({ components: [row(good)] });
  });

  it('shortens forms and proposals too', () => {
    const input = { type: 4, custom_id: 'a', style: 1, max_length: 10, value: longest, placeholder: longest };
    const label = { type: 18, label: longest, description: longest, component: input };
    const menu = { type: 3, custom_id: 'm', options: [{ label: longest, value: 'v' }] };
    const components = [...Array.from({ length: 5 }, () => label), { ...label, component: menu }];
    const modal = { custom_id: 'edit:00000000', title: longest, components } as never;
    refuses(modal, modalData);
    takes(fitModal(modal), modalData);
    takes(fitModal({ custom_id: 'x', title: 'y', components: [{ ...label, component: menu }] } as never), modalData);
    const choices = fitChoices(Array.from({ length: 40 }, () => ({ name: longest, value: 1 })));
    expect(choices.map(({ name }) => name.length)).toEqual(Array.from({ length: 25 }, () => 100));
  });
});

describe('what leaves the bot', () => {
  const long = { content: longest };
  it.each([
    ['POST', '/channels/1/messages', long],
    ['PATCH', '/channels/1/messages/2', long],
    ['POST', '/webhooks/1/token', long],
    ['PATCH', '/webhooks/1/token/messages/@original', long],
    ['POST', '/interactions/1/token/callback', { type: 4, data: long }],
    ['POST', '/interactions/1/token/callback', { type: 7, data: long }],
  ] as const)('%s %s is brought within the limits', (method, fullRoute, body) => {
    const fitted = fitRequest({ method, fullRoute, body } as never).body as {
      content?: string;
      data?: { content: string };
    };
    expect((fitted.data?.content ?? fitted.content)?.length).toBe(2000);
  });

  const guarded = { content: 'x', tts: false, nonce: '1', enforce_nonce: true };
  it.each([
    ['POST', '/channels/1/messages', guarded, guarded],
    ['PATCH', '/channels/1/messages/2', guarded, { content: 'x' }],
    ['POST', '/webhooks/1/token', guarded, { content: 'x', tts: false }],
    ['PATCH', '/webhooks/1/token/messages/@original', guarded, { content: 'x' }],
    [
      'POST',
      '/interactions/1/token/callback',
      { type: 4, data: guarded },
      { type: 4, data: { content: 'x', tts: false } },
    ],
    ['POST', '/interactions/1/token/callback', { type: 7, data: guarded }, { type: 7, data: { content: 'x' } }],
  ] as const)('%s %s has a nonce only where Discord knows nonces', (method, fullRoute, body, sent) => {
    expect(fitRequest({ method, fullRoute, body } as never).body).toEqual(sent);
  });

  it('is otherwise left as it is', () => {
    const others = [
      { method: 'PUT', fullRoute: '/applications/1/commands', body: [{ description: longest }] },
      { method: 'POST', fullRoute: '/users/@me/channels', body: { recipient_id: longest } },
      { method: 'POST', fullRoute: '/interactions/1/token/callback', body: { type: 5, data: { flags: 64 } } },
      { method: 'POST', fullRoute: '/interactions/1/token/callback', body: { type: 6 } },
      { method: 'GET', fullRoute: '/channels/1/messages/2' },
    ];
    for (const request of others) expect(fitRequest(request as never)).toEqual(request);
    const [modal, choices] = [
      { type: 9, data: { custom_id: 'x', title: longest, components: [] } },
      { type: 8, data: { choices: [{ name: longest, value: 1 }] } },
    ].map((body) => fitRequest({ method: 'POST', fullRoute: '/interactions/1/t/callback', body } as never).body);
    expect(modal).toMatchObject({ data: { title: `${'W'.repeat(44)}…` } });
    expect(choices).toMatchObject({ data: { choices: [{ name: `${'W'.repeat(99)}…` }] } });
  });
});

describe.each(everyTexts.map((messages) => [messages.cancelButton, messages] as const))(
  'the views (%s) say how much they leave out',
  (_, messages) => {
    it('a server’s settings with three hundred channels and roles', () => {
      const limits = Object.fromEntries(limitNames.map((name) => [name, 86_400]));
      const settings: GuildSettings = guildSettingsSchema.parse({
        channelIds: ids(300),
        roleIds: ids(300),
        limits,
        preset: 'animate-lcm',
        locale: 'es-419',
        maxUploadBytes: 500 * 1024 * 1024,
        spoiler: true,
        ageRestrictedOnly: true,
      });
      const content = settingsView(settings, { limits: noLimits, messages });
      expect(content.length).toBeLessThanOrEqual(2000);
      expect(content.split(messages.config.shown.more(280))).toHaveLength(3);
      expect(brokenMentions(content)).toEqual([]);
    });

    it('refusals that name three hundred channels or roles', () => {
      const place = { ...nowhere, guildId: id(0), channelId: 'elsewhere' };
      for (const list of ['channelIds', 'roleIds']) {
        const settings = guildSettingsSchema.parse({ [list]: ids(300) });
        const text = explanation(() => checkPlace(place, [], settings), messages);
        expect(text.length).toBeLessThanOrEqual(2000);
        expect(text).toContain('280');
        expect(brokenMentions(text)).toEqual([]);
      }
    });

    it('the queue with two hundred jobs', () => {
      const place = { position: 99_999, waiting: 99_999, startsAtMs: 1.7e12, endsAtMs: 1.7e12 };
      const waiting = Array.from({ length: 200 }, (_, index) => ({ job: longJob(index), place }));
      const viewer = { user: { id: id(0) }, guildId: id(1), memberPermissions: null } as never;
      const hostFault = { code: 'ENOSPC', message: 'full', sinceMs: 1.7e12, retryAtMs: 1.7e12 };
      const overview = {
        mode: 'draining' as const,
        hostFault,
        running: [{ job: longJob(), endsAtMs: 1.7e12 }],
        waiting,
      };
      const undelivered = Array.from({ length: 30 }, (_, index) => longJob(index));
      const view = queueView({ overview, undelivered, scope: 'all', viewer, messages });
      takes(view);
      expect(view.content).toContain(messages.queue.more(186));
    });

    it('every refusal, with the longest that may stand in it', () => {
      const names = 'option setting names sampler schedule found permissions places roles name'.split(' ');
      const numbers =
        'min max value from to multipleOf steps limit limitMb limitMegapixels limitSeconds minutes more'.split(' ');
      const details = {
        ...Object.fromEntries(names.map((name) => [name, `${ids(200).map((channel) => `<#${channel}>`)}`])),
        ...Object.fromEntries(numbers.map((name) => [name, Number.MAX_SAFE_INTEGER])),
        freeAtMs: Number.MAX_SAFE_INTEGER,
      };
      for (const code of [...userErrorCodes, 'brand-new']) {
        const text = explainError(new UserError(code, longest, { details }), messages, 'abcdef01');
        const { content } = fitMessage({ content: text });
        takes({ content });
        expect([code, brokenMentions(content)]).toEqual([code, []]);
      }
    });

    it('a job’s messages', () => {
      const place = { position: 99_999, waiting: 99_999, startsAtMs: 1.7e12, endsAtMs: 1.7e12 };
      const progress = {
        stage: 'denoise' as const,
        step: 999,
        steps: 1000,
        secondsPerStep: 1,
        share: 0.5,
        endsAtMs: 1.7e12,
      };
      const spec = { picture: Buffer.of(), settings: {}, fit: 'crop' as const };
      const clip = makeClip(spec, { reduced: { width: 1, height: 1 } });
      for (const view of [queuedView(longJob(), place, messages), progressView(longJob(), progress, messages)])
        takes(view);
      const { content, components } = deliveredView(longJob(), clip, messages);
      // Its link is too long to be shown, and is not cut in two.
      expect(fitMessage({ content }).content).not.toContain('WWW');
      takes(fitMessage({ content, components }));
    });
  },
);

describe.each(Object.keys(languages))('the answers of commands (%s)', (locale) => {
  const guildSettings = { of: () => guildSettingsSchema.parse({}) };

  it('the form, for a job with the longest of settings', async () => {
    const shown: unknown[] = [];
    const job = { ...longJob(), settings: { seed: Number.MAX_VALUE, fps: Number.MAX_VALUE, motionBucketId: 1e-300 } };
    const context = { jobs: { find: () => job }, model: tinyModel, guildSettings };
    const interaction = { locale, guildId: null, showModal: async (modal: unknown) => void shown.push(modal) };
    await editButton.execute(interaction as never, job.id, context as never);
    takes(fitModal(shown[0] as never), modalData);
  });

  it('the settings of a clip, with code blocks that stay closed', async () => {
    const shown: { content: string }[] = [];
    const settings = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`key${index}`, 'x'.repeat(40)]));
    const form = { loop: 'none', smooth: false, format: 'mp4' };
    const own = { ...settings, ...tinyModel.defaults, seed: 7, sampler: 'y'.repeat(40), schedule: 'z'.repeat(40) };
    const made = { settings: own, fit: 'crop', form, model: longest, secondsPerStage: { denoise: 1e9 } };
    const file = { frames: 1e9, fps: 1e9, width: 1e9, height: 1e9 };
    const context = {
      archive: { made: () => ({ ...made, ...file, provider: longest }) },
      jobs: { find: () => longJob() },
      model: { ...tinyModel, name: longest },
      guildSettings,
    };
    const interaction = { locale, guildId: null, reply: async (body: { content: string }) => void shown.push(body) };
    await settingsButton.execute(interaction as never, 'abcdef01', context as never);
    const { content } = fitMessage(shown[0]!);
    takes({ content });
    expect((content.match(/```/g) ?? []).length).toBe(2);
  });

  it('the menu of a message’s pictures, with the longest of names', async () => {
    const shown: { flags: number }[] = [];
    const attachments = ids(10).map((key) => ({ filename: `${longest}.png`, url: `https://example.org/${key}` }));
    const rawInteraction = () => ({ targetMessage: { attachments } });
    const reply = async (body: { flags: number }) => void shown.push(body);
    const interaction = { id: '1', locale, guildId: null, client: { rest: {} }, reply };
    await animateMessage.execute(interaction as never, { guildSettings, rawInteraction } as never);
    expect(new MessageFlagsBitField(shown[0]!.flags).has('Ephemeral')).toBe(true);
    takes(fitMessage(shown[0] as never));
  });
});

function explanation(refuse: () => void, messages: Messages): string {
  try {
    refuse();
  } catch (error) {
    return explainError(error, messages, 'abcdef01');
  }
  throw new Error('Nothing was refused.');
}

/** Mentions that were cut in two. */
function brokenMentions(text: string): string[] {
  return text.replace(/<(?:#|@&?|t:)\d{10,16}(?::R)?>|<(?:#|@&?)\d{19}>/g, '').match(/<[#@t].{0,20}/g) ?? [];
}

function embedsLength(embeds: readonly { title?: string; description?: string }[]): number {
  return [...JSON.stringify(embeds).matchAll(/"(?:title|description|name|value|text)":"([^"]*)"/g)]
    .map(([, text]) => text!.length)
    .reduce((sum, length) => sum + length, 0);
}
