import { copyFileSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

/**
 * Lays out a model folder as a copy of another one, whose weights are links: as in Hugging Face's cache, and so that
 * sessions of the same weights are shared (shared-sessions.ts). Only what is in `copied` may be written to.
 * @param copied folders of networks whose weights are copied as well, e.g. `vae`
 */
export function linkModel(from: string, to: string, copied: readonly string[] = []): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [resolve(from, entry.name), join(to, entry.name)];
    const isLinked = entry.name.endsWith('.safetensors') && !copied.includes(basename(from));
    if (entry.isDirectory()) linkModel(source, target, copied);
    else if (isLinked) symlinkSync(source, target);
    else copyFileSync(source, target);
  }
}

/** @throws Error the file was reached through a link: it is of another model, which others use */
export function requireOwnFile(modelDir: string, file: string): void {
  if (relative(realpathSync(modelDir), file).startsWith('..')) throw new Error(`${file} is not a file of ${modelDir}.`);
}
