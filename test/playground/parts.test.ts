import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { browserCommand } from '../../src/cli/playground.ts';
import { createOwnLinks } from '../../src/playground/attachment-links.ts';
import { bundlePage } from '../../src/playground/bundle-page.ts';
import { createOriginGuard, isLoopback } from '../../src/playground/page-security.ts';
import { readSamples } from '../../src/playground/samples.ts';
import { createUploadStore } from '../../src/playground/upload-store.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const file = (sizeBytes: number) => ({ name: 'a.png', bytes: Buffer.alloc(sizeBytes) });

it('forgets files that nobody uses, and the oldest where there is no room', async () => {
  const clock = createFakeClock();
  const uploads = createUploadStore({ clock, maxBytes: 100, idleMs: 1_000 });
  const [first, second] = [uploads.put(file(40)), uploads.put(file(40))];
  expect(uploads.take(first)?.bytes).toHaveLength(40); // used: now the second is the oldest
  uploads.put(file(40));
  expect(uploads.take(second)).toBeUndefined();
  await clock.advance(600);
  expect(uploads.take(first)).toBeDefined();
  await clock.advance(600);
  expect(uploads.take(first)).toBeDefined();
  await clock.advance(1_001);
  expect(uploads.take(first)).toBeUndefined();
  uploads.put(file(1));
  uploads.clear();
  expect(clock.pending()).toBe(0);
});

it('names who took each sample picture, and under which terms', async () => {
  const { list, find } = await readSamples('assets');
  expect(list.length).toBeGreaterThan(3);
  for (const { name, url, credit } of list) {
    expect(credit).toMatch(/(public domain|CC0|CC.BY)/);
    expect(credit).not.toMatch(/[[\]|]/);
    expect(url).toBe(`/samples/${name}`);
    expect(find(name)?.bytes.byteLength).toBeGreaterThan(1_000);
  }
  expect(find('../package.json')).toBeUndefined();
});

it('turns links of attachments into its own, wherever they stand, and leaves others alone', () => {
  const links = createOwnLinks('127.0.0.1:4000');
  const theirs = 'http://127.0.0.1:4000/attachments/123/456/a.mp4?ex=1&is=2&hm=3&';
  const { embeds, content } = links.rewrite({ content: `see ${theirs}`, embeds: [{ image: { url: theirs } }] });
  const own = embeds[0]!.image.url;
  expect(own).toMatch(/^\/attachments\/123\/456\/a\.mp4\?key=[\w-]{22}$/);
  expect(content).toBe(`see ${theirs}`);
  expect(links.rewrite(theirs.replace('ex=1', 'ex=9'))).toBe(own);
  expect(links.rewrite('http://127.0.0.1:4000.evil.example/attachments/123/456/a')).toContain('evil');
  const at = (path: string) => new URL(path, 'http://localhost');
  expect(links.read(at(own))).toBe('456');
  expect(links.read(at(own.replace('456', '457')))).toBeUndefined();
  expect(createOwnLinks('127.0.0.1:4000').read(at(own))).toBeUndefined();
});

it('bundles a page with its styles and fonts, and says what is wrong with one', async () => {
  const folder = tempFolder();
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('index.html', '<!doctype html>');
  write('main.ts', "import './page.css';\nexport const greeting: string = 'hello';\nconsole.log(greeting);");
  write('page.css', "@font-face { font-family: own; src: url('./own.woff2'); }");
  write('own.woff2', 'font');
  const page = await bundlePage(join(folder, 'main.ts'));
  const font = [...page.keys()].find((path) => path.endsWith('.woff2')) ?? '';
  expect([...page.keys()].sort()).toEqual(['/', font, '/page/main.css', '/page/main.js'].sort());
  expect(font).toMatch(/^\/page\/own-\w+\.woff2$/);
  expect(Buffer.from(page.get('/page/main.css')!.bytes).toString()).toContain(font);
  expect(page.get('/page/main.js')).toMatchObject({ contentType: 'text/javascript; charset=utf-8' });
  write('main.ts', "import './missing.css';");
  await expect(bundlePage(join(folder, 'main.ts'))).rejects.toThrow('could not be bundled: ');
});

it('knows which addresses are this machine’s alone, and whom an exposed one answers to', () => {
  expect(['127.0.0.1', '127.1.2.3', 'localhost', '::1'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '192.168.1.5', 'kinora.example', '127.evil.example'].some(isLoopback)).toBe(false);
  const says = (bound: string, host: string) => createOriginGuard(bound).checkHost({ headers: { host } } as never);
  expect(says('0.0.0.0', '192.168.1.5:5466')).toBeUndefined();
  expect(says('0.0.0.0', '[fe80::1]:5466')).toBeUndefined();
  expect(says('kinora.example', 'kinora.example:5466')).toBeUndefined();
  expect(says('0.0.0.0', 'evil.example:5466')).toContain('does not answer');
  for (const host of ['192.168.1.5:5466', '', 'no host']) expect(says('127.0.0.1', host)).toContain('does not answer');
});

it('opens a browser only where there is a desktop and somebody at it', () => {
  const url = 'http://127.0.0.1:5466/';
  const on = (platform: NodeJS.Platform, environment: Record<string, string> = {}, isTTY = true) =>
    browserCommand(url, { platform, environment, isTTY })?.[0];
  expect(on('linux')).toBeUndefined();
  expect(on('linux', { DISPLAY: ':0' })).toBe('xdg-open');
  expect(on('linux', { WAYLAND_DISPLAY: 'wayland-0' })).toBe('xdg-open');
  expect(on('darwin')).toBe('open');
  expect(on('win32')).toBe('rundll32');
  expect(on('darwin', { CI: 'true' })).toBeUndefined();
  expect(on('darwin', {}, false)).toBeUndefined();
});
