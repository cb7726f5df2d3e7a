import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { smallPicture } from '../e2e/stage.ts';
import { describeInBrowser, flaws, keepPicture, until } from './browser-stage.ts';

async function openForm(window: Page, command: string): Promise<void> {
  await window.locator('#composer').fill(command);
  await window.keyboard.press('Enter');
  await window.locator('.command-form').waitFor();
}

async function closeForm(window: Page): Promise<void> {
  await window.keyboard.press('Escape');
  await window.locator('.command-form').waitFor({ state: 'detached' });
}

const sizes = [
  [1280, 800],
  [390, 844],
  [768, 480],
] as const;

export function describeForm(): void {
  describeInBrowser('the form of a command', (stage) => {
    it('shows every suggestion whole in windows of 1280 by 800, 390 by 844 and 768 by 480', async () => {
      const window = await stage.stay();
      for (const [width, height] of sizes) {
        await window.setViewportSize({ width, height });
        await openForm(window, '/animate');
        // Motion last: its suggestions cover the next button.
        for (const option of ['loop', 'motion']) await window.locator(`[data-option=${option}]`).click();
        await window.locator('#option-motion').fill('s');
        await window.locator('.suggestions li').last().waitFor();
        await keepPicture(window, `suggestions-${width}`);
        const covered = await window.evaluate<
          string[]
        >(`[...document.querySelectorAll('.suggestions li')].filter((item) => {
        const { left, top, bottom } = item.getBoundingClientRect();
        return [top + 1, bottom - 1].some((y) => document.elementFromPoint(left + 20, y) !== item);
      }).map(({ textContent }) => textContent.trim())`);
        expect(covered, `${width} by ${height}`).toEqual([]);

        // A click on one takes it, wherever the list had to go.
        await window.getByRole('option', { name: /^strong/ }).click();
        expect(await window.locator('#option-motion').inputValue()).toMatch(/^strong/);
        await closeForm(window);
      }
      await window.setViewportSize({ width: 1280, height: 800 });
    });

    it('says beside the box that nonsense is no number, and goes on saying so', async () => {
      const window = await stage.stay();
      await openForm(window, '/animate');
      await window.getByRole('button', { name: /sample picture cat/ }).click();
      await window.locator('[data-option=motion]').click();
      await window.locator('#option-motion').fill('nonsense');
      await window.locator('.command-form button[type=submit]').click();
      await until(window, "document.activeElement.id === 'option-motion'");
      await until(window, "document.querySelector('.suggestions').hidden");
      expect(await window.locator('.command-form .problem').textContent()).toBe(
        'Choose one from the list, or type a whole number.',
      );
      await window.locator('#option-motion').fill('90');
      await window.locator('.command-form .problem').waitFor({ state: 'detached' });
      await closeForm(window);
    });

    it('takes a second picture for the option `end`', async () => {
      const window = await stage.stay();
      await openForm(window, '/animate');
      await window.getByRole('button', { name: /sample picture cat/ }).click();
      await window.locator('[data-option=end]').click();
      const chosen = () => window.locator('.command-form img.drop-picture').count();
      await window
        .getByRole('button', { name: /sample picture rocket/ })
        .last()
        .click();
      await until(window, "document.querySelectorAll('.command-form img.drop-picture').length === 2");
      expect(await chosen()).toBe(2);
      await keepPicture(window, 'form-two-pictures');
      await window.locator('.command-form button[type=submit]').click();
      const clip = window.locator('.message').filter({ hasText: 'Your clip' });
      await clip.getByRole('button', { name: 'Settings' }).click();
      await window.locator('.message').getByText('/animate end:end.png').waitFor();

      // The form behind a button takes a file as well, by keyboard, in light as in dark.
      await window.emulateMedia({ colorScheme: 'light' });
      await clip.getByRole('button', { name: 'End picture' }).click();
      const file = window.getByLabel('The picture that the clip ends with');
      await until(window, "document.activeElement.type === 'file'");
      expect(await flaws(window)).toEqual([]);
      await keepPicture(window, 'form-end-picture');
      await file.setInputFiles({ name: 'end.png', mimeType: 'image/png', buffer: Buffer.from(smallPicture.bytes) });
      await window.keyboard.press('Tab');
      await window.keyboard.press('Tab');
      await window.keyboard.press('Enter');
      await window.locator('.message').filter({ hasText: 'With an end picture' }).waitFor();
    });

    it('names the subcommand that was used, as Discord does, and counts a single option in the singular', async () => {
      const window = await stage.stay();
      await openForm(window, '/kinora-config show');
      await window.locator('.command-form button[type=submit]').click();
      await window.locator('.message').getByText('Ada used /kinora-config show', { exact: true }).waitFor();

      await openForm(window, '/animate');
      const chips = window.locator('.chip');
      while ((await chips.count()) > 1) await chips.first().click();
      // In each language.
      await window.getByText('1 more option', { exact: true }).waitFor();
      await window.locator('#language').selectOption('es');
      await window.getByText('1 opción más', { exact: true }).waitFor();
    });
  });
}
