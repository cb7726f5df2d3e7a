import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type Still, writeFilm } from './film.ts';
import { openWindow, type Studio, until } from './studio.ts';

const size = { width: 960, height: 720 };
const filmWidth = 800;

/** Of the clip that is shown at the end. */
const framesPerSecond = 10;
const longestSeconds = 4;

/** The whole way, from the slash to the clip that plays: `playground.webp`. */
export async function filmPlayground(studio: Studio): Promise<void> {
  const window = await openWindow(studio, size);
  const stills: Still[] = [];
  const take = async (showMs: number) => {
    stills.push({ png: await window.screenshot(), showMs });
  };
  await take(1_600);
  const composer = window.locator('#composer');
  for (const typed of ['/', '/an', '/animate']) {
    await composer.fill(typed);
    await take(typed === '/' ? 900 : 350);
  }
  await window.keyboard.press('Enter');
  await window.locator('.command-form').waitFor();
  await take(900);
  await window.getByRole('button', { name: /sample picture rocket/ }).click();
  await take(900);
  await window.getByRole('button', { name: 'Send command' }).click();
  await window.locator('discord-messages > .message').waitFor();
  await followProgress(window, take);
  await showClip(window, take);
  await writeFilm(join(studio.folder, 'playground.webp'), stills, { width: filmWidth });
  await window.context().close();
}

/** A still whenever the message tells of progress, until the clip is there. */
async function followProgress(window: Page, take: (showMs: number) => Promise<void>): Promise<void> {
  // The bar and the stage; the countdown alone would make a still each second.
  const parts = ['strong', '.inline-code'].map((part) => `.message .content ${part}`).join();
  const words = `[...document.querySelectorAll('${parts}, .message .thinking')].map((part) => part.textContent).join()`;
  let before = '';
  while ((await window.locator('video').count()) === 0) {
    await until(window, `document.querySelector('video') || (${words}) !== ${JSON.stringify(before)}`);
    before = await window.evaluate<string>(words);
    if ((await window.locator('video').count()) === 0) await take(350);
  }
}

/** The clip, frame by frame, so that it runs smoothly whatever the machine does meanwhile. */
async function showClip(window: Page, take: (showMs: number) => Promise<void>): Promise<void> {
  const clip = "document.querySelector('video')";
  await until(window, `${clip}.readyState >= 2`);
  const duration = await window.evaluate<number>(`(${clip}.pause(), ${clip}.controls = false, ${clip}.duration)`);
  const shownSeconds = Math.min(duration, longestSeconds);
  const rounds = duration < 2 ? 2 : 1;
  for (let frame = 0; frame < Math.round(shownSeconds * framesPerSecond) * rounds; frame += 1) {
    const time = ((frame + 0.5) / framesPerSecond) % shownSeconds;
    await window.evaluate(`new Promise((resolve) => {
      ${clip}.addEventListener('seeked', resolve, { once: true });
      ${clip}.currentTime = ${time};
    })`);
    await take(1_000 / framesPerSecond);
  }
}
