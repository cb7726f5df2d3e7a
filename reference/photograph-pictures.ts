/**
 * Writes test/golden/chromium-pictures.json: what Chromium shows of each still picture of test/fixtures/pictures, on a
 * white page, as the colours in the middle of its twelve patches (four across, three down).
 *
 * Run: npx tsx reference/photograph-pictures.ts
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const folder = fileURLToPath(new URL('../test/fixtures/pictures', import.meta.url));
const golden = fileURLToPath(new URL('../test/golden/chromium-pictures.json', import.meta.url));

/** Cut off on purpose, moving, or larger than a window; Chromium also leaves out what it waits for in vain. */
const leftOut = /^(cut|first-frame|small-clear|all-frames|progressive-24mp|no-end-marker\.)|\.md$/;

const mediaTypes: Readonly<Record<string, string>> = { png: 'png', gif: 'gif', avif: 'avif', jpg: 'jpeg' };

async function main(): Promise<void> {
  const browser = await chromium.launch({
    executablePath: process.argv[2] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb', '--no-first-run'],
  });
  const page = await browser.newPage({ viewport: { width: 400, height: 300 } });
  const pictures: Record<string, number[][]> = {};
  for (const name of readdirSync(folder).sort()) {
    if (leftOut.test(name)) continue;
    const type = mediaTypes[name.split('.').at(-1)!];
    const source = `data:image/${type};base64,${readFileSync(folder + name).toString('base64')}`;
    await page.setContent(`<body style="margin:0;background:#fff"><img style="display:block" src="${source}">`);
    const { width, height } = (await page.locator('img').boundingBox())!;
    const shot = await sharp(await page.screenshot())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    pictures[name] = Array.from({ length: 12 }, (_, index) => {
      const x = Math.floor((((index % 4) + 0.5) * width) / 4);
      const y = Math.floor(((Math.floor(index / 4) + 0.5) * height) / 3);
      const at = (y * shot.info.width + x) * shot.info.channels;
      return [...shot.data.subarray(at, at + 3)];
    });
  }
  const lines = Object.entries(pictures).map(
    ([name, colours]) => `  ${JSON.stringify(name)}: ${JSON.stringify(colours)}`,
  );
  writeFileSync(golden, `{"chromium": "${browser.version()}", "pictures": {\n${lines.join(',\n')}\n}}\n`);
  await browser.close();
}

await main();
