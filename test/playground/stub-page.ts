import type { PageFiles } from '../../src/playground/bundle-page.ts';

/** In place of the real page, whose sources these tests do not need. */
export const stubPage: PageFiles = new Map([
  ['/', { contentType: 'text/html; charset=utf-8', bytes: Buffer.from('<!doctype html><title>stub</title>') }],
  ['/page/main.js', { contentType: 'text/javascript; charset=utf-8', bytes: Buffer.from('// stub') }],
]);
