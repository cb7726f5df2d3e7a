import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { maxIndexBytes, maxShardCount } from '../../../src/inference/safetensors/format.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { readTensor } from '../../../src/inference/safetensors/read-tensor.ts';
import { floatEntry, safetensorsBytes, withFolder } from './build-file.ts';

/** A file that holds one float32 per name: `value`, `value + 1`, … */
function checkpoint(names: string[], value = 0): Buffer {
  const header = Object.fromEntries(names.map((name, index) => [name, floatEntry(4 * index, 1)]));
  const values = Float32Array.from(names, (_, index) => value + index);
  return safetensorsBytes(header, new Uint8Array(values.buffer));
}

const index = (weightMap: Record<string, unknown>): string =>
  JSON.stringify({
    metadata: { total_size: 8, note: 'a "b" \\', more: [1.5e3, null, true, {}] },
    weight_map: weightMap,
  });

const shards = { 'm-1.safetensors': checkpoint(['a']), 'm-2.safetensors': checkpoint(['b', 'c'], 1) };
const weightMap = { a: 'm-1.safetensors', b: 'm-2.safetensors', c: 'm-2.safetensors' };

async function firstValue(folder: string, options = {}): Promise<number | undefined> {
  const entry = (await openWeights(folder, 'm', options)).get('a');
  return entry === undefined ? undefined : (await readTensor(entry))[0];
}

describe('openWeights', () => {
  it('prefers the plain file, then fp16, and obeys a named variant', async () => {
    const files = { 'm.safetensors': checkpoint(['a'], 1), 'm.fp16.safetensors': checkpoint(['a'], 2) };
    await withFolder(files, async (folder) => {
      expect(await firstValue(folder)).toBe(1);
      expect(await firstValue(folder, { variant: 'fp16' })).toBe(2);
      expect(await firstValue(folder, { variant: '' })).toBe(1);
      await expect(firstValue(folder, { variant: 'bf16' })).rejects.toThrow(/looked for m\.bf16\.safetensors/);
    });
    await withFolder({ 'm.fp16.safetensors': checkpoint(['a'], 2) }, async (folder) => {
      expect(await firstValue(folder)).toBe(2);
      await expect(firstValue(folder, { variant: '' })).rejects.toMatchObject({
        code: 'safetensors-weights-not-found',
      });
    });
  });

  it('takes a file as it is', async () => {
    await withFolder({ 'other.safetensors': checkpoint(['a'], 5) }, async (folder) => {
      expect(await firstValue(join(folder, 'other.safetensors'))).toBe(5);
    });
  });

  it.each(['m.safetensors.index.json', 'm.safetensors.index.fp16.json', 'm.fp16.safetensors.index.json'])(
    'joins the shards of %s',
    async (name) => {
      await withFolder({ ...shards, [name]: index(weightMap) }, async (folder) => {
        const weights = await openWeights(folder, 'm');
        expect([...weights.keys()].sort()).toEqual(['a', 'b', 'c']);
        expect(await readTensor(weights.get('c')!)).toEqual(Float32Array.of(2));
      });
    },
  );

  it('follows links to shards, which is how a download cache is laid out', async () => {
    await withFolder({ ...shards, 'm.safetensors.index.json': index(weightMap) }, async (folder) => {
      await mkdir(join(folder, 'blobs'));
      await rename(join(folder, 'm-1.safetensors'), join(folder, 'blobs', 'f00d'));
      await symlink(join('blobs', 'f00d'), join(folder, 'm-1.safetensors'));
      expect((await openWeights(folder, 'm')).get('a')?.file).toMatch(/f00d$/);
    });
  });

  const badNames = [
    '../m-1.safetensors',
    '/etc/passwd',
    'sub/m.safetensors',
    'C:\\m.safetensors',
    '..',
    '',
    'm\0.safetensors',
    '.safetensors',
    'm-1.bin',
  ];
  it.each(badNames)('refuses the shard name %j', async (shard) => {
    await withFolder({ ...shards, 'm.safetensors.index.json': index({ ...weightMap, a: shard }) }, async (folder) => {
      await expect(openWeights(folder, 'm')).rejects.toMatchObject({
        code: 'safetensors-bad-shard-name',
        details: { tensor: 'a' },
      });
    });
  });

  const badIndexes: [name: string, code: string, text: string][] = [
    ['a tensor that its shard does not hold', 'bad-index', index({ ...weightMap, d: 'm-2.safetensors' })],
    ['a tensor that the index leaves out', 'bad-index', index({ a: 'm-1.safetensors', b: 'm-2.safetensors' })],
    ['a tensor in the wrong shard', 'bad-index', index({ ...weightMap, b: 'm-1.safetensors' })],
    ['a shard that is missing', 'not-readable', index({ ...weightMap, d: 'm-3.safetensors' })],
    ['no weight_map', 'bad-index', '{"metadata":{}}'],
    ['a tensor listed twice', 'duplicate-key', '{"weight_map":{"a":"m-1.safetensors","a":"m-2.safetensors"}}'],
    ['two weight maps', 'duplicate-key', '{"weight_map":{"a":"m-1.safetensors"},"weight_map":{}}'],
    ['a shard that is a number', 'bad-json', index({ a: 1 })],
    ['deep nesting', 'bad-json', `{"metadata":${'['.repeat(50_000)}`],
    ['a value that is none', 'bad-json', '{"metadata":nul}'],
    [
      'too many shards',
      'too-many-shards',
      index(Object.fromEntries(Array.from({ length: maxShardCount + 1 }, (_, i) => [`t${i}`, `m-${i}.safetensors`]))),
    ],
    ['too many bytes', 'index-too-large', ' '.repeat(maxIndexBytes + 1)],
  ];
  it.each(badIndexes)('refuses an index with %s as %s', async (_, code, text) => {
    await withFolder({ ...shards, 'm.safetensors.index.json': text }, async (folder) => {
      await expect(openWeights(folder, 'm')).rejects.toMatchObject({ code: `safetensors-${code}` });
    });
  });

  it('notices a shard that is not whole', async () => {
    await withFolder({ ...shards, 'm.safetensors.index.json': index(weightMap) }, async (folder) => {
      const path = join(folder, 'm-2.safetensors');
      await writeFile(path, (await readFile(path)).subarray(0, -1));
      await expect(openWeights(folder, 'm')).rejects.toMatchObject({
        code: 'safetensors-truncated',
        details: { tensor: 'c' },
      });
    });
  });

  it.each([
    ['bf16', { 'm.bf16.safetensors': checkpoint(['a'], 3) }],
    ['non_ema', { 'm.non_ema.safetensors': checkpoint(['a'], 3) }],
    [
      'bf16',
      {
        'm.safetensors.index.bf16.json': index({ a: 'm.bf16-00001-of-00001.safetensors' }),
        'm.bf16-00001-of-00001.safetensors': checkpoint(['a'], 3),
      },
    ],
  ])('takes the only other variant, and says so: %s', async (variant, files) => {
    await withFolder(files, async (folder) => {
      const notes: string[] = [];
      expect(await firstValue(folder, { onNote: (note: string) => notes.push(note) })).toBe(3);
      expect(notes).toEqual([expect.stringContaining(`in the variant ${variant} alone`)]);
    });
  });

  it('takes no variant where another was asked for, and says nothing of what is usual', async () => {
    await withFolder({ 'm.bf16.safetensors': checkpoint(['a'], 3) }, async (folder) => {
      await expect(firstValue(folder, { variant: '' })).rejects.toThrow(/no weights/);
    });
    await withFolder({ 'm.fp16.safetensors': checkpoint(['a'], 2) }, async (folder) => {
      const notes: string[] = [];
      await firstValue(folder, { onNote: (note: string) => notes.push(note) });
      expect(notes).toEqual([]);
    });
  });

  it.each<[string, Record<string, Buffer | string>, RegExp]>([
    ['nothing', {}, /The folder is empty/],
    [
      "only PyTorch's files",
      { 'm.bin': 'x', 'config.json': '{}' },
      /only m\.bin, .*runs whatever code.*kinora model pull/,
    ],
    [
      'several variants',
      { 'm.bf16.safetensors': 'x', 'm.non_ema.safetensors': 'x' },
      /several variants \(.*bf16.*non_ema/,
    ],
    ['a file of another name', { 'svd.safetensors': 'x' }, /There is svd\.safetensors: .* name it m\.safetensors/],
    ['a download that did not end', { 'm.safetensors.part': 'x' }, /A download has not ended \(m\.safetensors\.part\)/],
    ['shards without their index', { 'm-00001-of-00002.safetensors': 'x' }, /shards .* but not the index/],
  ])('says what is there in place of weights: %s', async (_, files, words) => {
    await withFolder(files, async (folder) => {
      await expect(openWeights(folder, 'm')).rejects.toThrow(words);
      await expect(openWeights(folder, 'm')).rejects.toMatchObject({ code: 'safetensors-weights-not-found' });
    });
  });

  it('says where a link leads that leads nowhere, unless other weights are there', async () => {
    await withFolder({}, async (folder) => {
      await symlink('../../blobs/f00d', join(folder, 'm.safetensors'));
      await expect(openWeights(folder, 'm')).rejects.toThrow(/a link to \.\.\/\.\.\/blobs\/f00d, which is not there/);
      await writeFile(join(folder, 'm.fp16.safetensors'), checkpoint(['a'], 2));
      expect(await firstValue(folder)).toBe(2);
    });
  });

  it('reads an index with a byte order mark', async () => {
    await withFolder({ ...shards, 'm.safetensors.index.json': `\ufeff${index(weightMap)}` }, async (folder) => {
      expect((await openWeights(folder, 'm')).size).toBe(3);
    });
  });
});
