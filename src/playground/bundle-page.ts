import { readFile } from 'node:fs/promises';
import { dirname, extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildFailure, build, type Plugin } from 'esbuild';
import { AppError } from '../errors.ts';

/** A file that the browser gets. */
export interface PageFile {
  contentType: string;
  bytes: Uint8Array;
}

/** The page and what belongs to it, by path: `/`, `/page/main.js` … */
export type PageFiles = ReadonlyMap<string, PageFile>;

const isSource = import.meta.url.endsWith('.ts');

/** The page's script: TypeScript in a checkout, JavaScript after the build; index.html and style sheets are beside it. */
const defaultEntry = fileURLToPath(new URL(`./page/main.${isSource ? 'ts' : 'js'}`, import.meta.url));

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/**
 * The drawings of servers' tags beside names, a quarter of the components that draw messages: no member of the
 * stand-in's servers has a tag.
 */
const withoutTagDrawings: Plugin = {
  name: 'without-tag-drawings',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]clan-icons[\\/][A-Z]\w+\.js$/ }, () => ({ contents: 'export default () => null;' }));
  },
};

/**
 * Bundles the page with all that it uses, in memory: `/` is index.html, `/page/main.js` the script, `/page/main.css` the
 * style sheets that the script imports, and beside them fonts and pictures.
 *
 * @throws AppError `page-broken` the page's sources do not fit together
 */
export async function bundlePage(entry: string = defaultEntry): Promise<PageFiles> {
  const folder = dirname(entry);
  // Nothing is written there; esbuild needs the folder to name its outputs.
  const outdir = join(folder, 'bundle');
  const { outputFiles } = await build({
    entryPoints: { main: entry },
    outdir,
    write: false,
    bundle: true,
    splitting: false,
    logLevel: 'silent',
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: !isSource,
    legalComments: 'none',
    plugins: [withoutTagDrawings],
    sourcemap: isSource ? 'inline' : false,
    loader: { '.gif': 'file', '.png': 'file', '.svg': 'file', '.webp': 'file', '.woff2': 'file' },
    assetNames: '[name]-[hash]',
    publicPath: '/page',
  }).catch((cause: BuildFailure) => {
    throw new AppError('page-broken', `The playground's page could not be bundled: ${cause.message}`, { cause });
  });
  const files = new Map<string, PageFile>();
  for (const { path, contents } of outputFiles) {
    files.set(`/page/${relative(outdir, path).replaceAll(sep, '/')}`, { contentType: typeOf(path), bytes: contents });
  }
  files.set('/', { contentType: typeOf('.html'), bytes: await readFile(join(folder, 'index.html')) });
  return files;
}

function typeOf(path: string): string {
  return contentTypes[extname(path) || path] ?? 'application/octet-stream';
}
