import { join } from 'node:path';
import { openWindow, type Studio } from './studio.ts';

/** The playground in its states: `playground-*.png`. The conversation of the film is there already. */
export async function photographPlayground(studio: Studio): Promise<void> {
  const keep = (name: string) => join(studio.folder, `playground-${name}.png`);
  const window = await openWindow(studio, { width: 1280, height: 800 });
  await window.locator('video').first().waitFor();
  await window.screenshot({ path: keep('clip') });

  await window.getByRole('button', { name: 'Look under the hood' }).click();
  await window.getByRole('searchbox').fill('patch');
  await window.locator('.exchange-line').first().click();
  await window.screenshot({ path: keep('hood') });
  await window.getByRole('tab', { name: 'What if …' }).click();
  await window.screenshot({ path: keep('faults') });
  await window.getByRole('button', { name: 'Close the panel' }).first().click();

  await window.getByRole('button', { name: 'daily-picture' }).click();
  await window.locator('.component-gallery img').waitFor();
  await window.screenshot({ path: keep('places') });
  await window.getByRole('button', { name: 'general' }).click();

  await window.locator('#composer').fill('/animate');
  await window.keyboard.press('Enter');
  await window.getByRole('button', { name: /sample picture cat/ }).click();
  for (const option of ['motion', 'loop']) await window.locator(`[data-option=${option}]`).click();
  await window.locator('#option-motion').fill('s');
  await window.locator('.suggestions li').first().waitFor();
  await window.screenshot({ path: keep('form') });
  await window.context().close();

  const light = await openWindow(studio, { width: 1280, height: 800, colorScheme: 'light' });
  await light.locator('#language').selectOption('es');
  await light.locator('video').first().waitFor();
  await light.screenshot({ path: keep('light-es') });
  await light.context().close();

  const narrow = await openWindow(studio, { width: 380, height: 780, scale: 2 });
  await narrow.locator('video').first().waitFor();
  await narrow.screenshot({ path: keep('narrow') });
  await narrow.context().close();
}
