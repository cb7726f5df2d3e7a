import { readdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** By the path of a child's or a program's source, the path of its JavaScript. */
    childBundles: Readonly<Record<string, string>>;
  }
}

/**
 * Before all tests: makes one JavaScript file of each child process's or thread's source and all that it imports, for
 * bundled-entry.ts, and of each program that tests start, for program-file.ts. The tests start well over a hundred such
 * processes, and this way each takes a third of the processor time that the sources take through tsx. The files are gone
 * after the tests.
 */
export default async function bundleChildren(project: TestProject): Promise<() => void> {
  const inFolder = (folder: string) => readdirSync(folder).map((name) => `${folder}/${name}`);
  const isChild = (path: string) => /\b(child|thread)\.ts$/.test(path);
  const children = [...inFolder('src/worker').filter(isChild), ...inFolder('test/worker/fixtures')];
  const entryPoints = [...children, 'src/main.ts', ...inFolder('test/remote/fixtures')];
  // Two folders below the root, as the sources are: from there they look for package.json, and programs for their children.
  const outdir = `out/test-${process.pid}`;
  await build({
    entryPoints,
    outdir,
    entryNames: '[name]',
    bundle: true,
    // A program's commands are loaded when they are called, as from the sources.
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const bundleOf = (path: string) => resolve(outdir, path.replace(/.*\//, '').replace(/ts$/, 'js'));
  project.provide('childBundles', Object.fromEntries(entryPoints.map((path) => [resolve(path), bundleOf(path)])));
  return () => rmSync(outdir, { recursive: true, force: true });
}
