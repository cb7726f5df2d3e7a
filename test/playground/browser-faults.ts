import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, keepPicture, until } from './browser-stage.ts';

const state = (window: Page, name: string) => window.locator(`.bot-state[data-state=${name}]`);
/** Some last for half a second, which is easily missed by looking again and again. */
const recordStates = (window: Page) =>
  window.evaluate(`(() => {
    const shown = document.querySelector('.bot-state');
    globalThis.botStates = [];
    new MutationObserver(() => botStates.push(shown.dataset.state)).observe(shown, { attributeFilter: ['data-state'] });
  })()`);
const statesInOrder = (window: Page, names: string) => until(window, `botStates.join(' ').includes('${names}')`);
const fault = (window: Page, name: string) => window.getByRole('button', { name, exact: true });
const exchanges = (window: Page) => window.locator('.exchanges .exchange-line');

export function describeSwitches(): void {
  describeInBrowser('the playground’s switches', (stage) => {
    it('each shows what it broke and what the bot makes of it', async () => {
      const window = await stage.visit({ width: 1440, height: 900 });
      const clips = window.locator('video');
      const animate = window.getByRole('button', { name: 'Animate a sample picture' });
      await window.getByRole('button', { name: 'Look under the hood' }).click();
      await window.getByRole('tab', { name: 'What if …' }).click();
      await keepPicture(window, 'faults');

      await fault(window, '2 MB').click();
      await window.getByText('The upload limit has changed.').waitFor();
      expect(await fault(window, '2 MB').getAttribute('aria-pressed')).toBe('true');
      await window.locator('#composer').fill('/animate');
      await window.keyboard.press('Enter');
      await window.getByText('Up to 2 MB per file').waitFor();
      await window.keyboard.press('Escape');

      // All while one clip is made.
      const first = stage.renderer.hold();
      await animate.click();
      await first.reached;
      await window.getByText('step 1 of 2').waitFor();
      await recordStates(window);
      await fault(window, 'Drop the gateway').click();
      await statesInOrder(window, 'reconnecting ready');
      await fault(window, 'Expire the tokens now').click();
      await window.getByText('The tokens of all unfinished clips have expired.').waitFor();
      await fault(window, 'Answer the next edit with 429').click();
      await fault(window, 'Answer the next edit with 500').click();
      await window.getByText('The next edit is answered with 500.').waitFor();
      await fault(window, 'Kill the render process').click();
      await window.getByText('The render process is killed.').waitFor();
      await clips.first().waitFor();
      expect(await clips.count()).toBe(1);

      await window.getByRole('tab', { name: 'Exchange' }).click();
      await window.getByRole('searchbox', { name: 'Filter' }).fill('patch');
      for (const status of ['401', '429', '500', '200']) {
        await window.locator('.exchange-status').getByText(status, { exact: true }).first().waitFor();
      }
      await exchanges(window).filter({ hasText: 'PATCH' }).first().click();
      await window.locator('.json').filter({ hasText: '"content"' }).first().waitFor();
      await keepPicture(window, 'exchange');
      await window.getByRole('searchbox', { name: 'Filter' }).fill('resumed');
      await exchanges(window).filter({ hasText: 'RESUMED' }).waitFor();

      const second = stage.renderer.hold();
      await animate.click();
      await second.reached;
      await window.getByRole('tab', { name: 'What if …' }).click();
      await fault(window, 'Restart the bot').click();
      await window.locator('.message').getByText('The bot is restarting.').waitFor();
      await keepPicture(window, 'restart');
      second.release();
      await statesInOrder(window, 'stopping stopped starting ready');
      await state(window, 'ready').waitFor();
      await window.getByText('The bot has restarted.').waitFor();
      await clips.nth(1).waitFor();
      expect(await clips.count()).toBe(2);
    });
  });
}
