import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig } from '../../../src/inference/models/parse-config.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { readSafetensors } from '../../../src/inference/safetensors/read-safetensors.ts';
import { safetensorsBytes, withFolder } from './build-file.ts';

const lfs =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';

const files: [name: string, code: string, bytes: string | Buffer, words: RegExp][] = [
  ['a Git LFS pointer', 'lfs-pointer', lfs, /git lfs pull/],
  ['a git-xet pointer', 'xet-pointer', '# xet version 0\nfilesize = 1\n', /git xet pull/],
  ['a web page', 'web-page', '\n<!DOCTYPE html><html><body>Log in</body></html>', /is a web page/],
  ['a web page with a byte order mark', 'web-page', '\ufeff<html>', /is a web page/],
  ['the text of an error', 'error-text', '{"error":"Repository is gated"}', /the download was refused/],
  ['a zip of PyTorch', 'pickle', Buffer.from('504b0304000008080000', 'hex'), /could run code/],
  ['a pickle', 'pickle', Buffer.from('80028a0a6cfc9c46f9206aa8', 'hex'), /could run code/],
  ['GGUF', 'gguf', Buffer.from('GGUF\x03\0\0\0\0\0\0\0\0\0\0\0'), /GGUF/],
  ['a page of a few bytes', 'web-page', '<html>', /is a web page/],
];

describe('a file under the name of weights says what it is', () => {
  it.each(files)('%s', async (_, code, bytes, words) => {
    await withFolder({ 'm.safetensors': bytes }, async (folder) => {
      const path = join(folder, 'm.safetensors');
      await expect(readSafetensors(path)).rejects.toMatchObject({ code: `safetensors-${code}` });
      await expect(openWeights(folder, 'm')).rejects.toThrow(words);
    });
  });

  it.each(files.slice(0, 4))('also as the index of shards: %s', async (_, code, bytes) => {
    await withFolder({ 'm.safetensors.index.json': bytes }, async (folder) => {
      await expect(openWeights(folder, 'm')).rejects.toMatchObject({ code: `safetensors-${code}` });
    });
  });

  it.each(files.slice(0, 4))('also as a config: %s', async (_, __, bytes, words) => {
    await withFolder({ 'config.json': bytes }, async (folder) => {
      await expect(readConfig(join(folder, 'config.json'), z.unknown())).rejects.toThrow(words);
    });
  });

  it('but a header whose length happens to look like one is read', async () => {
    // "PK\x03\x04" as a length, with the header's brace after it: too long for this file, but no zip.
    const bytes = safetensorsBytes('{}');
    bytes.writeUInt32LE(0x0403_4b50, 0);
    await withFolder({ 'm.safetensors': bytes }, async (folder) => {
      await expect(openWeights(folder, 'm')).rejects.toMatchObject({ code: 'safetensors-truncated' });
    });
  });
});
