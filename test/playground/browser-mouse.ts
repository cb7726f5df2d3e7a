import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, keepPicture, until } from './browser-stage.ts';
import { type ClipFindings, clipScript } from './clip-script.ts';

const lastMessage = (window: Page) => window.locator('discord-messages > .message').last();
const messageWith = (window: Page, text: string) =>
  window.locator('discord-messages > .message').filter({ hasText: text });

export function describeMouse(): void {
  describeInBrowser('the playground by mouse', (stage) => {
    it('one press animates a sample: progress, a clip that plays and seeks, and what its buttons do', async () => {
      const window = await stage.visit({ motion: true });
      await keepPicture(window, 'welcome-dark');
      const hold = stage.renderer.hold();
      await window.getByRole('button', { name: 'Animate a sample picture' }).click();
      await hold.reached;
      const message = lastMessage(window);
      await message.getByText('step 1 of 2').waitFor();
      await message.getByText('Ada used /animate').waitFor();
      await keepPicture(window, 'progress');
      hold.release();

      await window.locator('video').waitFor();
      // By itself, as it came.
      await until(window, "document.querySelector('video').currentTime > 0");
      const found = await window.evaluate<ClipFindings>(clipScript);
      expect(found).toMatchObject({ muted: true, loop: true, controls: true });
      expect(found.duration).toBeGreaterThan(0.1);
      expect(found.difference).toBeGreaterThan(0.5);
      await keepPicture(window, 'clip');
      const download = window.waitForEvent('download');
      await message.getByRole('link', { name: /^Download/ }).click();
      expect((await download).suggestedFilename()).toMatch(/^kinora-.*\.mp4$/);

      // A form of the bot.
      await message.getByRole('button', { name: 'Edit' }).click();
      const dialog = window.getByRole('dialog', { name: 'Edit the settings' });
      await dialog.getByLabel('Motion').fill('200');
      await dialog.getByLabel('Loop').selectOption('ping-pong');
      await keepPicture(window, 'modal');
      const second = stage.renderer.hold();
      await dialog.getByRole('button', { name: 'Submit' }).click();
      await second.reached;
      // From the second clip on, its end is known from the first step.
      await lastMessage(window).locator('playground-timestamp').waitFor();
      second.release();
      // A loop was chosen, and no format: a picture that moves by itself.
      await messageWith(window, 'Edited').locator('img.picture').waitFor();
      await dialog.waitFor({ state: 'detached' });

      // An answer for one pair of eyes.
      await message.getByRole('button', { name: 'Settings' }).click();
      const whisper = messageWith(window, 'Only you can see this');
      await whisper.getByText('/animate motion:200').waitFor();
      await whisper.getByRole('button', { name: 'Dismiss message' }).click();
      await whisper.waitFor({ state: 'detached' });
    });

    it('a posted picture is animated by a reaction and by the message command; ❌ takes a clip away', async () => {
      const window = await stage.stay();
      const samples = await window.evaluate<string[]>(
        "[...document.querySelectorAll('.sample img')].map(({ src }) => src)",
      );
      const buffer = Buffer.from(await (await fetch(samples.at(-1)!)).arrayBuffer());
      await window.getByLabel('Attach pictures').setInputFiles({ name: 'coffee.jpg', mimeType: 'image/jpeg', buffer });
      await window.locator('#composer').fill('Look at **this**');
      await window.getByRole('button', { name: 'Send' }).click();
      const posted = messageWith(window, 'Look at this').first();
      await posted.locator('img.picture').waitFor();
      // By its id: its words will be quoted.
      const post = window.locator(`#${await posted.getAttribute('id')}`);
      expect(await post.locator('strong').textContent()).toBe('this');

      await post.click({ button: 'right', position: { x: 300, y: 20 } });
      await keepPicture(window, 'message-menu');
      await window.getByRole('menuitem', { name: 'React with 🎬' }).click();
      await post.getByRole('button', { name: '🎬, 1: take your reaction back' }).waitFor();
      const reply = messageWith(window, 'Your clip');
      await reply.locator('video').waitFor();

      await post.hover();
      await post.getByRole('button', { name: 'More for the message of Ada' }).click();
      await window.getByRole('menuitem', { name: 'Animate', exact: true }).click();
      await window.locator('video').nth(1).waitFor();
      const clip = lastMessage(window);
      await clip.hover();
      await clip.getByRole('button', { name: /^More for/ }).click();
      await window.getByRole('menuitem', { name: 'React with ❌' }).click();
      await window.locator('video').nth(1).waitFor({ state: 'detached' });

      await post.hover();
      await post.getByRole('button', { name: 'Delete message' }).click();
      await post.waitFor({ state: 'detached' });
      await reply.getByText('The original message was deleted').waitFor();
    });

    it('the form holds what the bot registered; the bot completes, the page checks', async () => {
      const window = await stage.stay();
      await window.emulateMedia({ colorScheme: 'light' });
      await window.locator('#composer').fill('/ANI');
      const entries = window.getByRole('listbox', { name: 'Commands' }).getByRole('option');
      await keepPicture(window, 'commands-light');
      expect(await entries.count()).toBe(1);
      await entries.first().click();
      const form = window.getByRole('form', { name: '/animate' });
      await form.getByRole('button', { name: 'Send command' }).click();
      await form.getByText('This option is required.').waitFor();

      const buffer = Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNg+M9QDwADgQF/q6r0YQAAAABJRU5ErkJggg==',
        'base64',
      );
      await form.locator('input[type=file]').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer });
      await form.getByText('dot.png').waitFor();
      await form.getByRole('button', { name: /Take the sample picture cat/ }).click();
      // The one with suggestions last: their list covers the buttons below as soon as it has come.
      for (const option of ['seed', 'loop', 'private', 'motion']) {
        await form.getByRole('button', { name: `+ ${option}` }).click();
      }
      await form.getByRole('combobox', { name: 'motion' }).fill('str');
      await form.getByRole('option', { name: 'strong (180)' }).click();
      await form.getByRole('combobox', { name: 'loop' }).selectOption({ label: 'ping-pong: there and back' });
      await form.getByRole('combobox', { name: 'private' }).selectOption({ label: 'True' });
      await form.getByRole('spinbutton', { name: 'seed' }).fill('9007199254740992');
      await form.getByRole('button', { name: 'Send command' }).click();
      await form.getByText('This must be from -9007199254740991 to 9007199254740991.').waitFor();
      await form.getByRole('spinbutton', { name: 'seed' }).fill('7');
      await keepPicture(window, 'form-light');
      await form.getByRole('button', { name: 'Send command' }).click();
      const clip = messageWith(window, 'seed 7 · ping-pong loop');
      await clip.locator('img.picture').waitFor();
      await clip.getByText('Only you can see this').waitFor();
      await keepPicture(window, 'clip-light');
    });
  });
}
