import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packages that only building and the playground's page need. */
const unneeded = /^node_modules\/(esbuild|@esbuild\/|@types\/|@skyra\/|@libsql\/[^/]*-musl)/;

/** Files that no program runs: types, maps of sources, words, and ONNX Runtime for other systems. */
const unneededFiles =
  /\.(d\.[cm]?ts|map|md|markdown)$|\/onnxruntime-node\/bin\/napi-v6\/(darwin|win32|linux\/arm64)$|\/libonnxruntime_providers_\w+\.so$/;

/** Folders of the packages that Kinora needs when it runs, as package-lock.json has them, relative to its own folder. */
function packageFolders(root: string): string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path.startsWith('node_modules/') && dev !== true && !unneeded.test(path))
    .map(([path]) => path)
    .filter((path) => existsSync(join(root, path)));
}

/** Copies those packages as they run. */
export function copyPackages(root: string, target: string): void {
  for (const path of packageFolders(root)) {
    cpSync(join(root, path), join(target, path), {
      recursive: true,
      dereference: true,
      // Packages inside of packages are in the list themselves.
      filter: (file) => !unneededFiles.test(file) && !file.slice(join(root, path).length).includes('/node_modules/'),
    });
  }
}
