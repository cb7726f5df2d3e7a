import type { Browser, Page } from 'playwright-core';

/** What the pictures are taken with. */
export interface Studio {
  browser: Browser;
  url: string;
  /** Where they go. */
  folder: string;
}

/** What a window is like. */
export interface WindowOptions {
  width: number;
  height: number;
  colorScheme?: 'light' | 'dark';
  locale?: string;
  /** Device pixels per pixel. */
  scale?: number;
  /** The person whose window it is. Default: somebody new. */
  user?: string;
}

/** A render takes long where the machine is busy. */
const patienceMs = 900_000;

/** A window of a newcomer on the playground. */
export async function openWindow(
  { browser, url }: Studio,
  { width, height, colorScheme = 'dark', locale = 'en-US', scale = 1, user }: WindowOptions,
): Promise<Page> {
  const viewport = { width, height };
  const context = await browser.newContext({ viewport, colorScheme, locale, deviceScaleFactor: scale });
  context.setDefaultTimeout(patienceMs);
  if (user !== undefined) await context.addInitScript(`sessionStorage.setItem('kinora-user', '${user}')`);
  const window = await context.newPage();
  await window.goto(url);
  await window.locator('.welcome').waitFor();
  return window;
}

const lookEveryMs = 100;

/** Waits until something is true in the page, by asking from outside: the page's own rules forbid to evaluate text. */
export async function until(window: Page, expression: string): Promise<void> {
  const endsAtMs = Date.now() + patienceMs;
  while (!(await window.evaluate<boolean>(`Boolean(${expression})`))) {
    if (Date.now() > endsAtMs) throw new Error(`It never became true that ${expression}`);
    await window.waitForTimeout(lookEveryMs);
  }
}
