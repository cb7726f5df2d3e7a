import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serialize } from 'node:v8';
import type { BrowserServer } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { bundlePage } from '../../src/playground/bundle-page.ts';
import { launchArguments } from './browser-arguments.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the WebSocket address of the one Chromium of all tests; at `page` with the playground's page. */
    browserDoor: string;
  }
}

/**
 * Before all tests: opens a door at which test files, in whatever process, ask for a Chromium and for the playground's
 * page. The first one to ask with the path of the program has it started, the others get the same one; it ends after the
 * tests. So it is with the page, which takes esbuild about half a second of a processor.
 */
export default async function lendBrowser(project: TestProject): Promise<() => Promise<void>> {
  let browser: Promise<BrowserServer> | undefined;
  let page: Promise<Uint8Array> | undefined;
  const door = createServer(async (request, response) => {
    try {
      if (request.url === '/page') {
        page ??= bundlePage().then(serialize);
        response.end(await page);
        return;
      }
      browser ??= launch(decodeURIComponent(request.url!.slice(1)));
      response.end((await browser).wsEndpoint());
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  }).listen(0, '127.0.0.1');
  await once(door, 'listening');
  project.provide('browserDoor', `http://127.0.0.1:${(door.address() as AddressInfo).port}/`);
  return async () => {
    door.close();
    await browser?.then((server) => server.close());
  };
}

async function launch(executablePath: string): Promise<BrowserServer> {
  // Only here: loading it takes half a second.
  const { chromium } = await import('playwright-core');
  return chromium.launchServer({ executablePath, args: [...launchArguments] });
}
