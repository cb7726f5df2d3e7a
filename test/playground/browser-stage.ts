import { existsSync, mkdirSync } from 'node:fs';
import { deserialize } from 'node:v8';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished } from 'vitest';
import type { OpenedPlayground } from '../../src/cli/open-playground.ts';
import type { PageFiles } from '../../src/playground/bundle-page.ts';
import { startTinyRenderer, type TinyRenderer } from '../e2e/tiny-renderer.ts';
import { launchArguments } from '../support/browser-arguments.ts';
import { playground } from './stage.ts';

const places = [
  process.env.CHROMIUM_PATH,
  // Chromium without tabs, toolbars and all that is not the page: a window costs it a third of the processor time.
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
/** `CHROMIUM_PATH=none npm test` runs the tests without those in a browser. */
const executablePath =
  process.env.CHROMIUM_PATH === 'none' ? undefined : places.find((path) => path !== undefined && existsSync(path));

/** For one condition. */
const patienceMs = 120_000;

/** Where `KEEP_PICTURES=1 npm test` keeps pictures of the page, for people to look at. */
const picturesDir = 'out/playground';
const keepsPictures = process.env.KEEP_PICTURES === '1';

/** What a window is like. */
interface WindowOptions {
  width?: number;
  height?: number;
  locale?: string;
  colorScheme?: 'light' | 'dark';
  /** Whether clips begin by themselves and dots hop: drawing those again and again is dear. Default: still. */
  motion?: boolean;
}

/** What the tests of one file have. */
export interface BrowserStage {
  renderer: TinyRenderer;
  /** The stand-in behind the latest visit. */
  discord: OpenedPlayground['discord'];
  /** A playground with its real page, and a window on it. What the window complains of fails the test. */
  visit(options?: WindowOptions): Promise<Page>;
}

/** What the browser of one file's tests needs besides. */
interface BrowserOptions {
  /** Added to the environment of the browser, which then serves this file alone. */
  environment?: Readonly<Record<string, string>>;
  /** Why the tests cannot run here; undefined where they can. */
  missing?: string | undefined;
}

/** Tests in a real Chromium; skipped, with the reason, where there is none. */
export function describeInBrowser(
  name: string,
  define: (stage: BrowserStage) => void,
  { environment, missing }: BrowserOptions = {},
): void {
  const reason = executablePath === undefined ? 'there is no Chromium: install it, or set CHROMIUM_PATH' : missing;
  if (reason !== undefined) {
    process.stderr.write(`Skipped: ${name}: ${reason}.\n`);
    describe.skip(`${name} (${reason})`, () => define({} as BrowserStage));
    return;
  }
  describe(name, () => {
    const stage = {} as { renderer: TinyRenderer } & BrowserStage;
    let browser: Browser;
    let page: PageFiles;
    beforeAll(async () => {
      lentPage ??= borrowPage();
      [browser, page, stage.renderer] = await Promise.all([
        environment === undefined ? borrowBrowser(executablePath!) : launchBrowser(executablePath!, environment),
        lentPage,
        startTinyRenderer(),
      ]);
      if (keepsPictures) mkdirSync(picturesDir, { recursive: true });
    });
    afterAll(() => browser?.close());
    stage.visit = async (options) => {
      const { url, discord } = await playground(stage.renderer, { page });
      stage.discord = discord;
      return openWindow(browser, url, options);
    };
    define(stage);
  });
}

/** The page of all files that this process runs. */
let lentPage: Promise<PageFiles> | undefined;

/** The page as it was bundled once for all processes. */
async function borrowPage(): Promise<PageFiles> {
  const answer = await fetch(`${inject('browserDoor')}page`);
  if (!answer.ok) throw new Error(await answer.text());
  return deserialize(Buffer.from(await answer.arrayBuffer()));
}

/** A connection to the Chromium that all files share; what a file opens in it ends with the connection. */
async function borrowBrowser(path: string): Promise<Browser> {
  const answer = await fetch(`${inject('browserDoor')}${encodeURIComponent(path)}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Chromium does not start: ${text}`);
  return chromium.connect(text);
}

function launchBrowser(path: string, environment: Readonly<Record<string, string>>): Promise<Browser> {
  const env = { ...process.env, ...environment } as Record<string, string>;
  return chromium.launch({ executablePath: path, args: [...launchArguments], env });
}

async function openWindow(
  browser: Browser,
  url: string,
  { width = 1280, height = 800, locale = 'en-US', colorScheme = 'dark', motion = false }: WindowOptions = {},
): Promise<Page> {
  const reducedMotion = motion ? 'no-preference' : 'reduce';
  const context = await browser.newContext({ viewport: { width, height }, locale, colorScheme, reducedMotion });
  context.setDefaultTimeout(patienceMs);
  const complaints: string[] = [];
  const hosts = new Set<string>();
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error().stack)));
  context.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    // What is in the page already is fetched from nowhere.
    if (protocol !== 'data:' && protocol !== 'blob:') hosts.add(host);
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
    expect([...hosts]).toEqual([new URL(url).host]);
  });
  const window = await context.newPage();
  await window.goto(url);
  await window.locator('.welcome').waitFor();
  return window;
}

/** Keeps a picture of the window in `out/playground`, where that was asked for. */
export async function keepPicture(window: Page, name: string): Promise<void> {
  if (keepsPictures) await window.screenshot({ path: `${picturesDir}/${name}.png` });
}

/** Waits until something is true in the page, by asking from outside: the page's own rules forbid to evaluate text. */
export async function until(window: Page, expression: string): Promise<void> {
  const isTrue = () => window.evaluate<boolean>(`Boolean(${expression})`);
  await expect.poll(isTrue, { timeout: patienceMs, message: expression }).toBe(true);
}

/** What axe-core finds wrong by the rules of WCAG 2.2, levels A and AA. */
export async function flaws(window: Page): Promise<string[]> {
  await window.evaluate(axe.source);
  return window.evaluate<string[]>(`axe
    .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
      id + ' at ' + target.join(' ') + ': ' + failureSummary)))`);
}
