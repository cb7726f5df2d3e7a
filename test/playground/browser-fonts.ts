import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { describeInBrowser, keepPicture } from './browser-stage.ts';

/** What a small Linux has: one font for text, and one for emoji, which has digits and a space as well. */
const families = ['DejaVu Sans', 'Noto Color Emoji'] as const;

/** Fontconfig's list of the files of a family; empty where there is no fontconfig. */
function filesOf(family: string): string[] {
  try {
    return execFileSync('fc-list', ['--format', '%{file}\n', family], { encoding: 'utf8' }).split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** Writes a configuration of fontconfig by which there are no fonts but these files. */
function onlyFonts(files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-fonts-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'fonts'));
  for (const file of files) symlinkSync(file, join(folder, 'fonts', basename(file)));
  const config = join(folder, 'fonts.conf');
  writeFileSync(
    config,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <cachedir>${join(folder, 'cache')}</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
</fontconfig>
`,
  );
  return config;
}

/** The families by which Chromium drew a text as the page styles it. */
async function fontsOf(window: Page, text: string): Promise<string[]> {
  await window.evaluate(
    ([shown]) => {
      // biome-ignore lint/suspicious/noExplicitAny: this runs in the page, whose types are not those of the tests
      const { document } = globalThis as any;
      document.getElementById('drawn')?.remove();
      const span = document.createElement('span');
      span.id = 'drawn';
      span.style.whiteSpace = 'pre';
      span.textContent = shown;
      document.querySelector('.scroller-inner').append(span);
    },
    [text],
  );
  const session = await window.context().newCDPSession(window);
  await session.send('DOM.enable');
  await session.send('CSS.enable');
  const { root } = await session.send('DOM.getDocument');
  const { nodeId } = await session.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#drawn' });
  let drawnBy: string[] = [];
  const look = async () => {
    const { fonts } = await session.send('CSS.getPlatformFontsForNode', { nodeId });
    drawnBy = fonts.map(({ familyName }) => familyName);
    return drawnBy.length;
  };
  // Nothing is drawn while a font is being opened.
  await expect.poll(look, { timeout: 30_000 }).toBeGreaterThan(0);
  await session.detach();
  return drawnBy;
}

const files = families.map(filesOf);
const absent = families.filter((_, index) => files[index]?.length === 0);

export function describeFonts(): void {
  describeInBrowser(
    'the playground’s fonts, where there is only one for text and one for emoji',
    (stage) => {
      it('the emoji font draws emoji, and nothing else', async () => {
        const window = await stage.visit();
        await keepPicture(window, 'fonts');
        for (const text of ['a b', '0123456789', '#*', '©®™', '→ ░ · …', 'Ready in 12 s']) {
          expect(await fontsOf(window, text), text).toEqual(['DejaVu Sans']);
        }
        // The last three are in DejaVu Sans too, without colours.
        for (const text of ['🎬', '🎞️', '👍', '❌', '❤️', '😂']) {
          expect(await fontsOf(window, text), text).toEqual(['Noto Color Emoji']);
        }
      });
    },
    {
      environment: { FONTCONFIG_FILE: onlyFonts(files.flat()) },
      missing: absent.length === 0 ? undefined : `these fonts are not installed: ${absent.join(', ')}`,
    },
  );
}
