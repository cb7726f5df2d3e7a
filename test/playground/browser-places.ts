import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { smallPicture } from '../e2e/stage.ts';
import { describeInBrowser, flaws, keepPicture, post, until } from './browser-stage.ts';

/** Sends /animate with a sample picture from the channel that is shown, and waits for the clip. */
async function animateHere(window: Page): Promise<void> {
  await window.locator('#composer').fill('/animate');
  await window.keyboard.press('Enter');
  await window.getByRole('button', { name: /sample picture cat/ }).click();
  await window.getByRole('button', { name: 'Send command' }).click();
  await window.locator('video').waitFor();
}

export function describePlaces(): void {
  describeInBrowser('the playground’s places', (stage) => {
    it('draws stickers, and the picture and words of a forwarded message', async () => {
      const window = await stage.stay();
      const { discord } = stage;
      const { id } = discord.postMessage({
        content: 'Look at **this**',
        attachments: [smallPicture],
        stickers: [{ name: 'wave', format: 'png', bytes: smallPicture.bytes }],
      });
      discord.postMessage({ forward: id });
      const forwarded = window.locator('.message', { has: window.locator('.forward') });
      await forwarded.getByText('Forwarded').waitFor();
      await forwarded.locator('strong', { hasText: 'this' }).waitFor();
      for (const picture of ['img.picture', 'img[alt=wave]']) {
        expect(await window.locator(picture).count()).toBe(2);
        await until(window, `[...document.querySelectorAll('${picture}')].every((image) => image.naturalWidth > 0)`);
      }
      await keepPicture(window, 'forwarded');
    });

    it('draws another app’s components, and the second server has the commands of a person’s own apps alone', async () => {
      const window = await stage.stay();
      await window.getByRole('button', { name: 'daily-picture' }).click();
      await window.locator('.component-container').getByText('Picture of the day').waitFor();
      await until(window, "document.querySelector('.component-gallery img').naturalWidth > 0");
      await keepPicture(window, 'components');
      expect(await flaws(window)).toEqual([]);

      await window.getByRole('button', { name: 'Bruno’s server' }).click();
      await window.getByText('The bot is not a member of this server.').waitFor();
      await window.locator('#composer').fill('/kinora');
      await window.locator('.command-name').first().waitFor();
      const names = await window.locator('.command-name').allTextContents();
      expect(names).toContain('/kinora about');
      expect(names.join()).not.toMatch(/config|admin/);
      await animateHere(window);
      await keepPicture(window, 'elsewhere');
      await window.getByRole('button', { name: 'Playground' }).click();
      await window.getByText('This is the beginning of #general.').waitFor();
    });

    it('a message becomes a thread, which can be archived, and a forum takes posts', async () => {
      const window = await stage.stay();
      await post(window, 'rockets');
      await window.locator('.message').last().click({ button: 'right' });
      await window.getByRole('menuitem', { name: 'Create thread' }).click();
      await window.getByText('A thread of #general.').waitFor();
      await window.locator('.channel[aria-current=page]').getByText('rockets').waitFor();
      await animateHere(window);
      await window.getByRole('button', { name: 'Archive thread' }).click();
      await window.getByRole('button', { name: 'Reopen thread' }).waitFor();
      await keepPicture(window, 'thread');
      expect(await flaws(window)).toEqual([]);

      await window.getByRole('button', { name: 'requests' }).click();
      await window.locator('.post').getByText('Can somebody make my cat move?').waitFor();
      expect(await window.getByRole('button', { name: 'Commands of the bot' }).count()).toBe(0);
      await keepPicture(window, 'forum');
      expect(await flaws(window)).toEqual([]);
      await window.getByLabel('Title of the post').fill('A rocket that flies away, and a title that is long');
      await window.locator('#composer').fill('as slowly as you can');
      await window.keyboard.press('Enter');
      await window.getByText('A post in #requests.').waitFor();
      await window.locator('.message').getByText('as slowly as you can').waitFor();

      await window.setViewportSize({ width: 380, height: 780 });
      const headHeight = "document.querySelector('.channel-header h2').getBoundingClientRect().height";
      expect(await window.evaluate<number>(headHeight)).toBeLessThan(30);
      await keepPicture(window, 'narrow-post');
    });
  });
}
