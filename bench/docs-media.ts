/**
 * `npm run docs:media -- [--model DIR]`: makes the pictures and the short films of docs/media by driving the playground
 * in Chromium, and docs/messages.md, which shows some of them. The films are made of stills, so a busy machine makes them later, not worse.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { openPlayground } from '../src/cli/open-playground.ts';
import { readConfig } from '../src/config/config.ts';
import { bundlePage } from '../src/playground/bundle-page.ts';
import { messagesPage, page as messagesPageFile, picturesFolder } from '../test/support/draw-messages.ts';
import { filmPlayground } from './media/film-playground.ts';
import { makeDemoClip } from './media/make-demo-clip.ts';
import { photographMessages } from './media/photograph-messages.ts';
import { photographPlayground } from './media/photograph-playground.ts';

const folder = resolve('docs/media');

const { values } = parseArgs({ options: { model: { type: 'string' } } });
const environment = { ...process.env, ...(values.model !== undefined && { MODEL_DIR: values.model }) };
const silent = { debug() {}, info() {}, warn: console.warn, error: console.error };

mkdirSync(folder, { recursive: true });
const playground = await openPlayground({
  config: readConfig(environment),
  environment,
  page: await bundlePage(),
  dataDir: undefined,
  log: silent,
  listenAt: { host: '127.0.0.1', port: 0, mustBePort: true },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
});
try {
  const { discord } = playground;
  await filmPlayground({ browser, url: playground.url, folder });
  await photographPlayground({ browser, url: playground.url, folder });
  await photographMessages({ browser, url: playground.url, folder: resolve(picturesFolder), discord });
} finally {
  await browser.close();
  await playground.close();
}
writeFileSync(messagesPageFile, messagesPage());
await makeDemoClip({ folder, environment });
