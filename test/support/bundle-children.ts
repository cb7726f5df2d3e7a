import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type BuildOptions, build, type OnLoadResult, type Plugin, transform } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { type CacheOptions, keepOutline } from './run-cached.ts';

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
  legalComments: 'none',
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

/** The one file of all programs, from which each starts its own source. */
const programsEntry = 'programs';

/** What tests start again and again, and kill. */
const killed = ['bot-process', 'host-bot', 'worker-process'];

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
  const isPart = (path: string) => path.endsWith('-tools.ts');
  const programs = ['src/main.ts', ...fixtures.filter((path) => !isChild(path) && !isPart(path))];
  // Two folders below the root, as the sources are: from there they look for package.json, and programs for their children.
  const outdir = `out/test-${process.pid}`;
  mkdirSync(outdir, { recursive: true });
  await bundle(children, programs, outdir);
  const files = [...children, ...programs].map((path) => [resolve(path), resolve(fileOf(path, outdir))]);
  project.provide('childBundles', Object.fromEntries(files));
  return () => {
    // A process that ends after the tests would put its bytecode there meanwhile; a folder that it does not find, it leaves.
    const gone = `${outdir}-gone`;
    renameSync(outdir, gone);
    rmSync(gone, { recursive: true, force: true });
  };
}

function fileOf(source: string, outdir: string, ending = '.js'): string {
  return join(outdir, basename(source, '.ts') + ending);
}

/** They start without Node's loader of ES modules, and with what V8 compiled for the one before. */
async function bundle(children: string[], programs: string[], outdir: string): Promise<void> {
  writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }');
  const entries = [...children, 'test/support/run-cached.ts'].map((path) => [basename(path, '.ts'), path]);
  await build({
    ...options,
    entryPoints: Object.fromEntries([...entries, [programsEntry, programsEntry]]),
    outdir,
    entryNames: '[name]-body',
    format: 'cjs',
    // Compiled beforehand, V8 finds no `import()`.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [englishOnly, startPrograms(programs)],
  });
  const start = (body: string, more: CacheOptions = {}) =>
    `require('./run-cached-body.js').runCached(${JSON.stringify(resolve(fileOf(body, outdir, '-body.js')))}, ${JSON.stringify(more)})`;
  for (const path of children) writeFileSync(fileOf(path, outdir), start(path));
  for (const path of programs) {
    const name = basename(path, '.ts');
    const cache = resolve(fileOf(path, outdir, '.cache'));
    const run = start(programsEntry, { cache, early: killed.includes(name) });
    writeFileSync(fileOf(path, outdir), `${run}[${JSON.stringify(name)}]();`);
  }
  keepOutline(resolve(fileOf(programsEntry, outdir, '-body.js')));
}

/** Makes one module of them, with a function for each, under its name, that runs it. */
function startPrograms(programs: readonly string[]): Plugin {
  const paths = new Set(programs.map((path) => resolve(path)));
  const starts = programs.map(
    (path) => `exports[${JSON.stringify(basename(path, '.ts'))}] = () => import('./${path}');`,
  );
  return {
    name: 'start-programs',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: new RegExp(`^${programsEntry}$`) }, () => ({ path: programsEntry, namespace: 'start' }));
      onLoad({ filter: /./, namespace: 'start' }, () => ({ contents: starts.join('\n'), resolveDir: '.' }));
      onLoad({ filter: /\/(main|fixtures\/[^/]*)\.ts$/ }, ({ path }) => (paths.has(path) ? wrapped(path) : undefined));
    },
  };
}

/** CommonJS has no top-level `await`: what comes after a program's imports becomes a function, which it calls. */
async function wrapped(path: string): Promise<OnLoadResult> {
  const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'ts', target: 'esnext' });
  const [head] = /^(?:\s*#!.*|\s*import\b[^;]*;)*/.exec(code)!;
  const body = code.slice(head.length);
  // As Node does of a module: where nothing is left to wait for before it is through, the exit code says so.
  const contents = `${head.replace(/^#!.*/, '')}
let isOver = false;
process.once('beforeExit', () => { if (!isOver) process.exitCode = 13; });
(async () => {${body}})().then(() => { isOver = true; });`;
  return { contents, loader: 'js', resolveDir: dirname(path) };
}
