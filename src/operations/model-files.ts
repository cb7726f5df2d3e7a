import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelFile } from './readiness.ts';

/** The weights and configs of a model, a folder or a single file, and of what is added to it, with their sizes. */
export async function listModelFiles(model: string, added: readonly string[] = []): Promise<ModelFile[]> {
  const isFolder = (await stat(model)).isDirectory();
  const names = isFolder ? await readdir(model, { recursive: true }) : [];
  const inFolder = names.filter((name) => /\.(json|safetensors)$/.test(name)).map((name) => join(model, name));
  const paths = [...(isFolder ? inFolder : [model]), ...added];
  return Promise.all(paths.map(async (path) => ({ path, sizeBytes: (await stat(path)).size })));
}
