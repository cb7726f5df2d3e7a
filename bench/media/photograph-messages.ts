import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { type ShownLanguage, shownLanguages } from '../../test/support/draw-messages.ts';
import { listMessages } from '../../test/support/messages/list-messages.ts';
import { openWindow, type Studio, until } from './studio.ts';

/** The messages are as wide as on a tablet. */
const size = { width: 800, height: 1_400 };

/** The form of /animate has all its options beside each other. */
const formSize = { width: 1_160, height: 1_400 };

/** What {@link photographMessages} works with. */
export interface MessagesStudio extends Studio {
  discord: Pick<FakeDiscord, 'botUserId' | 'ownerId' | 'channelId' | 'postMessage' | 'deleteMessage'>;
}

/** The pictures of docs/messages.md: NAME-en.webp and NAME-es.webp. */
export async function photographMessages(studio: MessagesStudio): Promise<void> {
  mkdirSync(studio.folder, { recursive: true });
  for (const language of shownLanguages) {
    const { code, locale } = language;
    const page = await openWindow(studio, { ...size, locale, user: studio.discord.ownerId });
    const keep = async (part: string, shown: Locator) =>
      shrink(await shown.screenshot({ animations: 'disabled' }), join(studio.folder, `${part}-${code}.webp`));
    await photographClip(page, keep);
    await photographAnswers(page, keep);
    await photographForms(page, keep);
    for (const part of ['status', 'errors'] as const) await photographTexts(part, { page, keep, studio, language });
    await page.context().close();
  }
}

type Keep = (part: string, shown: Locator) => Promise<void>;

/** Text stays sharp, and a clip's frame small. */
async function shrink(png: Buffer, path: string): Promise<void> {
  await sharp(png).webp({ nearLossless: true, quality: 40, effort: 6 }).toFile(path);
}

const messages = 'discord-messages > .message';

/** Sends a command as it is typed, with what its form is filled with. */
async function send(page: Page, command: string): Promise<void> {
  const before = await page.locator(messages).count();
  await page.locator('#composer').fill(command);
  await page.keyboard.press('Enter');
  await page.locator('.command-form button[type=submit]').click();
  await until(page, `document.querySelectorAll('${messages}').length > ${before}`);
}

/** A clip in the queue, under way, and finished. */
async function photographClip(page: Page, keep: Keep): Promise<void> {
  const [first, second] = [0, 2].map((at) => page.locator('.welcome .sample').nth(at));
  const count = await page.locator(messages).count();
  const [running, waiting] = [page.locator(messages).nth(count), page.locator(messages).nth(count + 1)];
  await first!.click();
  await running!.locator('.inline-code').waitFor();
  await second!.click();
  await waiting.locator('.component-button').waitFor();
  await waiting.locator('playground-timestamp').first().waitFor();
  await keep('status.queued', waiting);
  await keep('status.progress', running);
  await send(page, '/queue');
  await keep('queue.list', page.locator(messages).last());
  await waiting.locator('video').waitFor();
  await until(page, "[...document.querySelectorAll('video')].every(({ readyState }) => readyState >= 2)");
  await page.evaluate(
    "for (const clip of document.querySelectorAll('video')) { clip.pause(); clip.controls = false; clip.currentTime = 0.3; }",
  );
  await keep('clip.clip', waiting);
}

/** What the commands and buttons answer. */
async function photographAnswers(page: Page, keep: Keep): Promise<void> {
  const answers = [
    ['kinora.about', '/kinora about'],
    ['config.show', '/kinora-config show'],
    ['admin.status', '/kinora-admin status'],
  ] as const;
  for (const [part, command] of answers) {
    await send(page, command);
    await keep(part, page.locator(messages).last());
  }
  const before = await page.locator(messages).count();
  await page.locator('.component-button', { hasText: '📋' }).last().click();
  await until(page, `document.querySelectorAll('${messages}').length > ${before}`);
  await keep('clip.settings', page.locator(messages).last());
}

/** The list of commands, the form of /animate, and the one that Edit opens. */
async function photographForms(page: Page, keep: Keep): Promise<void> {
  await page.evaluate("document.styleSheets[0].insertRule('.popover { max-height: none !important }')");
  await page.setViewportSize(formSize);
  await page.locator('#composer').fill('/');
  await keep('animate.commands', page.locator('.popover'));
  await page.locator('#composer').fill('/animate');
  await page.keyboard.press('Enter');
  while ((await page.locator('.chip').count()) > 0) await page.locator('.chip').first().click();
  await keep('animate.form', page.locator('.command-form'));
  await page.keyboard.press('Escape');
  await page.locator('.component-button', { hasText: '✏️' }).last().click();
  await page.locator('dialog').waitFor();
  await keep('clip.form', page.locator('dialog'));
  await page.keyboard.press('Escape');
  await page.setViewportSize(size);
}

/** Sentences, not names of options and the like. */
const isSentence = (text: string) => /[.:!]$/.test(text);

/** Every text of a part, as messages of the bot. */
async function photographTexts(
  part: 'status' | 'errors',
  {
    page,
    keep,
    studio: { discord },
    language,
  }: { page: Page; keep: Keep; studio: MessagesStudio; language: ShownLanguage },
): Promise<void> {
  const soon = Math.floor(Date.now() / 1000) + 130;
  const values = { moment: `<t:${soon}:R>`, person: `<@${discord.ownerId}>`, place: `<#${discord.channelId}>` };
  const listed = listMessages(language.messages, { language: language.code, own: values }).filter(
    ({ key, texts }) => key.startsWith('errors.') === (part === 'errors') && isSentence(texts[0] ?? ''),
  );
  const posted = listed.map(({ texts: [content = ''] }) => {
    const text = part === 'errors' ? `⚠️ ${content}` : content;
    return discord.postMessage({ user: discord.botUserId, channelId: discord.channelId, content: text });
  });
  await page.locator(`#message-${posted.at(-1)?.id}`).waitFor();
  const own = posted.map(({ id }) => `message-${id}`);
  await page.evaluate(`for (const shown of document.querySelectorAll('${messages}, .welcome')) {
    if (!${JSON.stringify(own)}.includes(shown.id)) shown.style.display = 'none';
  }`);
  await page.setViewportSize({ width: size.width, height: 100 + 60 * posted.length });
  await keep(`${part}.all`, page.locator('discord-messages'));
  for (const { id: messageId } of posted) discord.deleteMessage({ messageId });
  await page.setViewportSize(size);
}
