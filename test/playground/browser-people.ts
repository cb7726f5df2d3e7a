import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, flaws, keepPicture, post } from './browser-stage.ts';

/** The window of a second person beside the first one's, opened as the first one would. */
async function besides(ada: Page): Promise<Page> {
  const [, open] = ada.context().pages();
  if (open !== undefined) return open;
  const opening = ada.context().waitForEvent('page');
  await ada.getByRole('link', { name: 'Second person: open another window' }).click();
  return opening;
}

export function describePeople(): void {
  describeInBrowser('the playground’s people, languages and shapes', (stage) => {
    it('a second window is a second person with a turn of their own in the queue, in Spanish', async () => {
      const ada = await stage.stay();
      const hold = stage.renderer.hold();
      await ada.getByRole('button', { name: 'Animate a sample picture' }).click();
      await hold.reached;
      await ada.getByRole('button', { name: 'Animate astronaut.jpg' }).click();
      await ada.locator('.message').getByText('position: 1').waitFor();

      const bruno = await besides(ada);
      await bruno.locator('.person-name').getByText('Bruno').waitFor();
      await bruno.getByLabel('Language').selectOption('es');
      await bruno.getByRole('button', { name: 'Animar cat.jpg' }).click();
      const own = bruno.locator('.message').filter({ hasText: 'Bruno ha usado /' });
      // Whoever has a clip running already comes after those who have none.
      await own.getByText('Posición en la cola: 1').waitFor();
      await ada.locator('.message').filter({ hasText: 'Bruno used' }).getByText('Posición en la cola: 1').waitFor();
      await ada.locator('.message').getByText('position: 2').waitFor();
      await keepPicture(bruno, 'second-person-es');

      await bruno.locator('#composer').fill('/anima');
      await bruno.getByText('Convierte una imagen fija en un vídeo corto').waitFor();
      await bruno.keyboard.press('Enter');
      await bruno.locator('.command-form label[for=option-image]').first().waitFor();
      await keepPicture(bruno, 'form-es');
      expect(await flaws(bruno)).toEqual([]);
      await bruno.keyboard.press('Escape');
      expect(await bruno.locator('html').getAttribute('lang')).toBe('es');

      hold.release();
      await own.locator('video').waitFor();
      await own.getByRole('button', { name: 'Ajustes' }).waitFor();

      // The same person after a reload, with the conversation.
      await bruno.reload();
      await bruno.locator('.person-name').getByText('Bruno').waitFor();
      await bruno.locator('video').nth(2).waitFor();
    });

    it('a moderator deletes what somebody else wrote, and a plain member is not offered it', async () => {
      const ada = await stage.stay();
      await post(ada, 'not nice');
      const bruno = await besides(ada);
      await bruno.locator('#language').selectOption('en');
      const message = bruno.locator('.message', { hasText: 'not nice' });
      const openMenu = () => message.click({ button: 'right' });
      await openMenu();
      await bruno.getByRole('menuitem', { name: 'Reply' }).waitFor();
      expect(await bruno.getByRole('menuitem', { name: 'Delete message' }).count()).toBe(0);
      await bruno.keyboard.press('Escape');
      await bruno.getByLabel('Moderator').check();
      await keepPicture(bruno, 'moderator');
      await openMenu();
      await bruno.getByRole('menuitem', { name: 'Delete message' }).click();
      await ada.getByText('not nice').waitFor({ state: 'detached' });
      // The owner of the server may, without being asked to become one.
      expect(await ada.getByLabel('Moderator').count()).toBe(0);
    });

    it('fits a telephone, light and dark, and is accessible in every state', async () => {
      const window = await stage.visit({ width: 380, height: 780, colorScheme: 'light' });
      await keepPicture(window, 'narrow-light');
      expect(await flaws(window)).toEqual([]);
      await window.getByRole('button', { name: 'Animate a sample picture' }).click();
      await window.locator('video').waitFor();
      await keepPicture(window, 'narrow-clip');
      const buttonColours =
        await window.evaluate<string>(`(({ color, backgroundColor }) => color + ' on ' + backgroundColor)(
      getComputedStyle(document.querySelector('.component-button.secondary')))`);
      expect(buttonColours, 'as light as the theme').toBe('rgb(43, 47, 53) on rgb(227, 229, 232)');
      // The browser cuts a placeholder that is too long, without an ellipsis.
      expect(await window.locator('#composer').getAttribute('placeholder')).toBe('Message #general');
      expect(await flaws(window)).toEqual([]);
      const outside = await window.evaluate<string[]>(`[...document.querySelectorAll('.main *')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth)
      .map(({ tagName, className }) => tagName + ' ' + className)`);
      expect(outside).toEqual([]);

      await window.getByRole('button', { name: 'Edit' }).click();
      await window.getByRole('dialog').waitFor();
      expect(await flaws(window)).toEqual([]);
      await keepPicture(window, 'narrow-modal');
      await window.keyboard.press('Escape');

      await window.getByRole('button', { name: 'Channels' }).click();
      await window.getByLabel('Appearance').selectOption('dark');
      await keepPicture(window, 'narrow-channels');
      await window.getByRole('button', { name: 'gallery' }).click();
      await window.getByText('This is the beginning of #gallery.').waitFor();
      await window.getByRole('button', { name: 'Look under the hood' }).click();
      await window.locator('.exchanges li').first().waitFor();
      expect(await flaws(window)).toEqual([]);
      await keepPicture(window, 'narrow-panel');
    });
  });
}
