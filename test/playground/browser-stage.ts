import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished } from 'vitest';
import type { OpenedPlayground } from '../../src/cli/open-playground.ts';
import { bundlePage, type PageFiles } from '../../src/playground/bundle-page.ts';
import { startTinyRenderer, type TinyRenderer } from '../e2e/tiny-renderer.ts';
import { playground } from './stage.ts';

const require = createRequire(import.meta.url);

/** No sandbox, since containers have none to give; and nothing that the browser does of itself over the network. */
const launchArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

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

/** What the tests of one topic have. */
export interface BrowserStage {
  renderer: TinyRenderer;
  /** The stand-in behind the latest visit. */
  discord: OpenedPlayground['discord'];
  /** A playground with its real page, and a window on it. What the window complains of fails the test. */
  visit(options?: WindowOptions): Promise<Page>;
  /**
   * The window that an earlier test of the topic got from here, as that one left it; the first gets a new one. For tests
   * that need no empty channel: a playground and a window cost half a second of processor time.
   */
  stay(): Promise<Page>;
}

/** What the browser of one topic's tests needs besides. */
interface BrowserOptions {
  /** Added to the environment of the browser, which then serves this topic alone. */
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
      bundled ??= bundleWithoutMap();
      [browser, page, stage.renderer] = await Promise.all([browserWith(environment), bundled, startTinyRenderer()]);
      if (keepsPictures) mkdirSync(picturesDir, { recursive: true });
    });

    async function open(options: WindowOptions, whenDone: (end: () => Promise<void>) => void): Promise<OpenedWindow> {
      const { url, discord } = await playground(stage.renderer, { page }, whenDone);
      stage.discord = discord;
      const opened = await openWindow(browser, url, options);
      whenDone(async () => {
        await opened.window.context().close();
        opened.check();
      });
      return opened;
    }
    stage.visit = async (options = {}) => (await open(options, onTestFinished)).window;

    let shared: OpenedWindow | undefined;
    const ends: (() => Promise<void>)[] = [];
    stage.stay = async () => {
      shared ??= await open({}, (end) => ends.unshift(end));
      return shared.window;
    };
    // What went wrong in it is said by the test in which it did.
    afterEach(() => shared?.check());
    afterAll(async () => {
      for (const end of ends) await end();
      if (environment !== undefined) await browser?.close();
    });
    define(stage);
  });
}

/** The page of all topics. */
let bundled: Promise<PageFiles> | undefined;

/** The map to the sources is most of the script, and every window would read it. */
async function bundleWithoutMap(): Promise<PageFiles> {
  const page = new Map(await bundlePage());
  const script = page.get('/page/main.js')!;
  const bytes = Buffer.from(
    Buffer.from(script.bytes)
      .toString()
      .replace(/\n\/\/# sourceMappingURL=.*/, ''),
  );
  return page.set('/page/main.js', { ...script, bytes });
}

/** The Chromium of all topics that change nothing in its environment. */
let lent: Promise<Browser> | undefined;

function browserWith(environment: Readonly<Record<string, string>> | undefined): Promise<Browser> {
  if (environment !== undefined) return launchBrowser(environment);
  lent ??= launchBrowser({});
  return lent;
}

/** After the last topic. */
export async function closeBrowser(): Promise<void> {
  await (await lent)?.close();
}

function launchBrowser(environment: Readonly<Record<string, string>>): Promise<Browser> {
  // Only here, and not by `import`, which reads its seven megabytes once more to find what they export.
  const { chromium } = require('playwright-core') as typeof import('playwright-core');
  const env = { ...process.env, ...environment } as Record<string, string>;
  return chromium.launch({ executablePath: executablePath!, args: launchArguments, env });
}

interface OpenedWindow {
  window: Page;
  /** Fails where the window complained of something, or asked another host for anything. */
  check(): void;
}

async function openWindow(
  browser: Browser,
  url: string,
  { width = 1280, height = 800, locale = 'en-US', colorScheme = 'dark', motion = false }: WindowOptions,
): Promise<OpenedWindow> {
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
  const window = await context.newPage();
  await window.goto(url);
  await window.locator('.welcome').waitFor();
  return {
    window,
    check() {
      expect(complaints).toEqual([]);
      expect([...hosts]).toEqual([new URL(url).host]);
    },
  };
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

/** Writes a message in the channel that is shown. */
export async function post(window: Page, text: string): Promise<void> {
  await window.locator('#composer').fill(text);
  await window.keyboard.press('Enter');
  await window.locator('.message').getByText(text).waitFor();
}

/** Read, not loaded: it is the page that runs it. */
let axe: string | undefined;

/** What axe-core finds wrong by the rules of WCAG 2.2, levels A and AA. */
export async function flaws(window: Page): Promise<string[]> {
  axe ??= readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  if (await window.evaluate<boolean>('globalThis.axe === undefined')) await window.evaluate(axe);
  return window.evaluate<string[]>(`axe
    .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
      id + ' at ' + target.join(' ') + ': ' + failureSummary)))`);
}
