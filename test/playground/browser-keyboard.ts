import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, keepPicture, until } from './browser-stage.ts';

/** Where the focus is, as somebody would say it. */
const focused = (window: Page) =>
  window.evaluate<string>(`(() => {
    const { activeElement: element } = document;
    return element.getAttribute('aria-label') ?? element.id.concat(' ', element.textContent).trim().replace(/\\s+/g, ' ');
  })()`);

async function press(window: Page, key: string, until: string | RegExp): Promise<void> {
  const seen: string[] = [];
  while (seen.length < 60) {
    await window.keyboard.press(key);
    const now = await focused(window);
    if (typeof until === 'string' ? now === until : until.test(now)) return;
    seen.push(now);
  }
  throw new Error(`${key} never reached ${until}; it went over ${seen.join(' | ')}`);
}

export function describeKeyboard(): void {
  describeInBrowser('the playground by keyboard', (stage) => {
    it('from the first Tab to the clip, its menu and its form, without a mouse', async () => {
      const window = await stage.visit();
      await window.keyboard.press('Tab');
      expect(await focused(window)).toBe('Skip to the message box');
      await window.keyboard.press('Enter');
      expect(await focused(window)).toMatch(/^Message #general/);

      await window.keyboard.type('/');
      const list = window.getByRole('listbox', { name: 'Commands' });
      await list.waitFor();
      await window.keyboard.press('ArrowDown');
      await window.keyboard.press('ArrowUp');
      const active = await window.locator('#composer').getAttribute('aria-activedescendant');
      expect(active).toBe('command-animate');
      await window.keyboard.press('Enter');
      await window.getByRole('form', { name: '/animate' }).waitFor();
      await until(window, "document.activeElement.id === 'option-image'");
      await press(window, 'Tab', 'Take the sample picture cat.jpg');
      await window.keyboard.press('Enter');
      await press(window, 'Tab', /Send command/);
      await keepPicture(window, 'form-keyboard');
      const first = stage.renderer.hold();
      await window.keyboard.press('Enter');
      await first.reached;

      // Cancelled.
      await window.getByText('step 1 of 2').waitFor();
      await until(window, "document.activeElement.id === 'composer'");
      await press(window, 'Shift+Tab', /^Cancel$/);
      await window.keyboard.press('Enter');
      first.release();
      await window.locator('.message').getByText('🚫 Cancelled.').waitFor();

      // Once more, and through what hangs on the clip.
      await window.locator('#composer').focus();
      await window.keyboard.type('/animate');
      await window.keyboard.press('Tab');
      await until(window, "document.activeElement.id === 'option-image'");
      await press(window, 'Tab', 'Take the sample picture rocket.jpg');
      await window.keyboard.press('Space');
      await press(window, 'Tab', /Send command/);
      await window.keyboard.press('Enter');
      await window.locator('video').waitFor();
      await until(window, "document.activeElement.id === 'composer'");
      await press(window, 'Shift+Tab', /Edit$/);
      await window.keyboard.press('Enter');
      const dialog = window.getByRole('dialog');
      await dialog.waitFor();
      expect(await focused(window)).toMatch(/^modal-motion/);
      await press(window, 'Tab', /^Submit$/);
      await window.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await focused(window)).toMatch(/Edit$/);

      await press(window, 'Shift+Tab', /^Kinora, Today/);
      await window.keyboard.press('ArrowUp');
      await window.keyboard.press('ArrowDown');
      await window.keyboard.press('Enter');
      const menu = window.getByRole('menu');
      await menu.waitFor();
      await press(window, 'ArrowDown', /^Settings$/);
      await window.keyboard.press('Escape');
      await menu.waitFor({ state: 'detached' });
      expect(await focused(window)).toBe('More for the message of Kinora');
      await window.keyboard.press('Enter');
      await press(window, 'ArrowDown', /^Settings$/);
      await window.keyboard.press('Enter');
      await window.getByText('Only you can see this').waitFor();
      expect(await window.locator('[aria-live=polite]').textContent()).toContain('2 frames at 7 fps');

      // A person's avatar, by the menu of what they wrote.
      await window.locator('#composer').focus();
      await window.keyboard.type('hello');
      await window.keyboard.press('Enter');
      await window.locator('.message').getByText('hello').waitFor();
      await press(window, 'Shift+Tab', /^Ada, Today/);
      await window.keyboard.press('Enter');
      await menu.getByRole('group', { name: 'Apps for Ada' }).waitFor();
      await press(window, 'ArrowDown', /^Animate avatar$/);
      await window.keyboard.press('Enter');
      await window.locator('video').nth(1).waitFor();
      await window.locator('.message').getByText('Ada used Animate avatar').waitFor();
      await until(window, "document.querySelector('.person-avatar').naturalWidth === 256");
    });
  });
}
