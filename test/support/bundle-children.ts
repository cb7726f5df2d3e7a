import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** By the path of a child's or a program's source, the path of its JavaScript. */
    childBundles: Readonly<Record<string, string>>;
  }
}

/** Leaves out zod's messages in fifty languages, of which English alone is shown. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /\bzod\/v4\/locales\/index\.js$/ }, ({ path }) => {
      return { contents: "export { default as en } from './en.js';", resolveDir: dirname(path) };
    });
  },
};

const options: BuildOptions = {
  bundle: true,
  platform: 'node',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'error',
  plugins: [englishOnly],
  external: [
    // Machine code and programs find their own files.
    ...['sharp', 'onnxruntime-node', 'libsql', 'esbuild', '@ffmpeg-installer/*'],
    // Large, and seldom needed.
    ...['@aws-sdk/*', '@huggingface/hub'],
    // Optional, and not installed.
    ...['./lib-cov/fluent-ffmpeg', 'zlib-sync', 'bufferutil', 'utf-8-validate', 'erlpack'],
  ],
};

/**
 * Before all tests: makes JavaScript of each child process's or thread's source, for bundled-entry.ts, and of each program
 * that tests start, for program-file.ts, with all that they import. The tests start well over a hundred such processes, and
 * this way each takes a quarter of the processor time that the sources take through tsx. The files are gone after the tests.
 */
export default async function bundleChildren(project: TestProject): Promise<() => void> {
  const inFolder = (folder: string) => readdirSync(folder).map((name) => `${folder}/${name}`);
  const isChild = (path: string) => /\b(child|thread|probe)\.ts$/.test(path);
  const fixtures = ['worker', 'remote', 'e2e', 'storage'].flatMap((area) => inFolder(`test/${area}/fixtures`));
  const children = [...inFolder('src/worker'), ...fixtures].filter(isChild);
  const programs = ['src/main.ts', ...fixtures.filter((path) => !isChild(path))];
  // Two folders below the root, as the sources are: from there they look for package.json, and programs for their children.
  const outdir = `out/test-${process.pid}`;
  mkdirSync(outdir, { recursive: true });
  await Promise.all([bundlePrograms(programs, outdir), bundleAsCommonJs(children, outdir)]);
  const files = [
    ...children.map((path) => [path, fileOf(path, outdir, '.js')]),
    ...programs.map((path) => [path, fileOf(path, outdir, '.mjs')]),
  ].map((paths) => paths.map((path) => resolve(path!)));
  project.provide('childBundles', Object.fromEntries(files));
  return () => rmSync(outdir, { recursive: true, force: true });
}

function fileOf(source: string, outdir: string, ending: string): string {
  return join(outdir, basename(source, '.ts') + ending);
}

/** Their commands are loaded when they are called, as from the sources. */
async function bundlePrograms(entryPoints: string[], outdir: string): Promise<void> {
  const banner =
    "import { createRequire as toRequire } from 'node:module'; const require = toRequire(import.meta.url);";
  await build({
    ...options,
    entryPoints,
    outdir,
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    splitting: true,
    banner: { js: banner },
  });
}

/** Children start without Node's loader of ES modules, and with what V8 compiled for the one before. */
async function bundleAsCommonJs(entryPoints: string[], outdir: string): Promise<void> {
  writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }');
  await build({
    ...options,
    entryPoints: [...entryPoints, 'test/support/run-cached.ts'],
    outdir,
    entryNames: '[name]-body',
    format: 'cjs',
    // Compiled beforehand, V8 finds no `import()`.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
  for (const path of entryPoints) {
    const start = `require('./run-cached-body.js').runCached(${JSON.stringify(resolve(fileOf(path, outdir, '-body.js')))});`;
    writeFileSync(fileOf(path, outdir, '.js'), start);
  }
}
