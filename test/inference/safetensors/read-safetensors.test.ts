import { link, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SafetensorsError } from '../../../src/errors.ts';
import { maxHeaderBytes, maxNameLength, maxRank, maxTensorCount } from '../../../src/inference/safetensors/format.ts';
import { readSafetensors } from '../../../src/inference/safetensors/read-safetensors.ts';
import { readTensor } from '../../../src/inference/safetensors/read-tensor.ts';
import { openGolden } from '../../support/golden.ts';
import { floatEntry, safetensorsBytes, withFolder } from './build-file.ts';

/** Reads a file of these bytes and gives the error it causes. */
async function faultOf(bytes: Uint8Array): Promise<SafetensorsError> {
  let fault: unknown;
  await withFolder({ 'x.safetensors': bytes }, async (folder) => {
    fault = await readSafetensors(join(folder, 'x.safetensors')).catch((error: unknown) => error);
  });
  if (!(fault instanceof SafetensorsError)) throw new Error(`expected a SafetensorsError, got ${String(fault)}`);
  return fault;
}

const data = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);
const entryText = (json: string): string => `{"w":${json}}`;

describe('readSafetensors', () => {
  it('gives name, dtype, shape and absolute place of every tensor', async () => {
    const header = {
      __metadata__: { format: 'pt', 'é "quoted"': 'x'.repeat(10_000) },
      'block.0.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [4, 28] },
      scalar: { dtype: 'F32', shape: [], data_offsets: [0, 4] },
      empty: { dtype: 'F16', shape: [0, 5], data_offsets: [28, 28] },
      __proto__x: { dtype: 'I64', shape: [1], data_offsets: [28, 36] },
    };
    const bytes = safetensorsBytes(`${JSON.stringify(header)}   `, data(36));
    await withFolder({ 'x.safetensors': bytes }, async (folder) => {
      const file = await readSafetensors(join(folder, 'x.safetensors'));
      const path = await realpath(join(folder, 'x.safetensors'));
      expect(file.path).toBe(path);
      expect([...file.tensors.keys()]).toEqual(['block.0.weight', 'scalar', 'empty', '__proto__x']);
      expect(file.tensors.get('block.0.weight')).toEqual({
        name: 'block.0.weight',
        dtype: 'F32',
        shape: [2, 3],
        file: path,
        offset: bytes.length - 36 + 4,
        sizeBytes: 24,
      });
      expect(file.tensors.get('scalar')?.shape).toEqual([]);
      expect(file.metadata.get('é "quoted"')).toHaveLength(10_000);
    });
  });

  describe('reads the header of a file', () => {
    afterEach(() => vi.restoreAllMocks());
    const bytesOf = (name: string) => safetensorsBytes({ [name]: floatEntry(0, 1) }, data(4));

    it('once while it stays as it is, and again when it was written to, to as many bytes', async () => {
      const { now } = Date;
      vi.spyOn(Date, 'now').mockImplementation(() => now() + 10_000);
      await withFolder({ 'x.safetensors': bytesOf('first') }, async (folder) => {
        const path = join(folder, 'x.safetensors');
        const read = await readSafetensors(path);
        expect(await readSafetensors(path)).toBe(read);
        await writeFile(path, bytesOf('other'));
        expect([...(await readSafetensors(path)).tensors.keys()]).toEqual(['other']);
      });
    });

    it('again where it has just been written, for its times may not tell of the next change', async () => {
      await withFolder({ 'x.safetensors': bytesOf('first') }, async (folder) => {
        const path = join(folder, 'x.safetensors');
        expect(await readSafetensors(path)).not.toBe(await readSafetensors(path));
      });
    });
  });

  it('keeps names that are properties of every object', async () => {
    const header = `{"__proto__":${JSON.stringify(floatEntry(0, 1))},"toString":${JSON.stringify(floatEntry(4, 1))}}`;
    await withFolder({ 'x.safetensors': safetensorsBytes(header, data(8)) }, async (folder) => {
      const { tensors } = await readSafetensors(join(folder, 'x.safetensors'));
      expect([...tensors.keys()]).toEqual(['__proto__', 'toString']);
    });
  });

  it('resolves links, since ONNX Runtime refuses them', async () => {
    const bytes = safetensorsBytes({ w: floatEntry(0, 1) }, data(4));
    await withFolder({ blob: bytes }, async (folder) => {
      await symlink(join(folder, 'blob'), join(folder, 'x.safetensors'));
      expect((await readSafetensors(join(folder, 'x.safetensors'))).path).toBe(await realpath(join(folder, 'blob')));
      await link(join(folder, 'blob'), join(folder, 'hard.safetensors'));
      expect((await readSafetensors(join(folder, 'hard.safetensors'))).tensors.size).toBe(1);
    });
  });

  it('refuses what is not a file', async () => {
    await withFolder({}, async (folder) => {
      await mkdir(join(folder, 'x.safetensors'));
      for (const name of ['x.safetensors', 'missing.safetensors']) {
        await expect(readSafetensors(join(folder, name))).rejects.toMatchObject({ code: 'safetensors-not-readable' });
      }
    });
  });

  const two = (first: unknown, second: unknown) => ({ first, second });
  const faults: [name: string, code: string, bytes: () => Uint8Array][] = [
    ['an empty file', 'truncated', () => data(0)],
    ['a file of 7 bytes', 'truncated', () => data(7)],
    ['a header longer than the file', 'truncated', () => safetensorsBytes('{}').subarray(0, 9)],
    [
      'a header over the limit',
      'header-too-large',
      () => {
        const bytes = safetensorsBytes('{}');
        bytes.writeBigUInt64LE(BigInt(maxHeaderBytes + 1));
        return bytes;
      },
    ],
    [
      'a header length of 2^64−1',
      'header-too-large',
      () => {
        const bytes = safetensorsBytes('{}');
        bytes.fill(0xff, 0, 8);
        return bytes;
      },
    ],
    ['a header of length 0', 'bad-json', () => safetensorsBytes('')],
    ['white space before the header', 'bad-json', () => safetensorsBytes(' {}')],
    ['text after the header', 'bad-json', () => safetensorsBytes('{}{}')],
    ['a header that is a list', 'bad-json', () => safetensorsBytes('[]')],
    ['a header that is not UTF-8', 'bad-json', () => safetensorsBytes('{"é":1}').fill(0xff, 10, 12)],
    ['a comma at the end', 'bad-json', () => safetensorsBytes('{"w":{"dtype":"F32",}}')],
    ['a string without end', 'bad-json', () => safetensorsBytes('{"w')],
    ['a string that ends in a backslash', 'bad-json', () => safetensorsBytes('{"w\\')],
    ['a line feed in a name', 'bad-json', () => safetensorsBytes('{"a\nb":{}}')],
    ['an unknown escape', 'bad-json', () => safetensorsBytes('{"\\x41":{}}')],
    ['nesting', 'bad-json', () => safetensorsBytes('['.repeat(100_000))],
    [
      'two tensors of one name',
      'duplicate-key',
      () =>
        safetensorsBytes(
          '{"a":{},"a":{}}'.replaceAll('{}', () => JSON.stringify(floatEntry(0, 1))),
          data(4),
        ),
    ],
    [
      'a name repeated by escape',
      'duplicate-key',
      () => safetensorsBytes(`{"a":${JSON.stringify(floatEntry(0, 1))},"\\u0061":{}}`, data(4)),
    ],
    ['two shapes', 'duplicate-key', () => safetensorsBytes(entryText('{"shape":[1],"shape":[2]}'))],
    ['two __metadata__', 'duplicate-key', () => safetensorsBytes('{"__metadata__":{},"__metadata__":{}}')],
    ['metadata that is not text', 'bad-json', () => safetensorsBytes({ __metadata__: { epoch: 3 } })],
    ['metadata that is a list', 'bad-json', () => safetensorsBytes({ __metadata__: [] })],
    ['a tensor that is a number', 'bad-json', () => safetensorsBytes({ w: 3 })],
    [
      'a missing shape',
      'missing-field',
      () => safetensorsBytes({ w: { dtype: 'F32', data_offsets: [0, 4] } }, data(4)),
    ],
    ['an unknown field', 'unknown-field', () => safetensorsBytes({ w: { ...floatEntry(0, 1), stride: [1] } }, data(4))],
    ['an unknown dtype', 'bad-dtype', () => safetensorsBytes({ w: { ...floatEntry(0, 1), dtype: 'F31' } }, data(4))],
    [
      'a dtype named toString',
      'bad-dtype',
      () => safetensorsBytes({ w: { ...floatEntry(0, 1), dtype: 'toString' } }, data(4)),
    ],
    [
      'a negative dimension',
      'bad-number',
      () => safetensorsBytes({ w: { ...floatEntry(0, 1), shape: [-1, -1] } }, data(4)),
    ],
    [
      'a fractional dimension',
      'bad-number',
      () => safetensorsBytes({ w: { ...floatEntry(0, 1), shape: [0.5, 2] } }, data(4)),
    ],
    ['a dimension with an exponent', 'bad-number', () => safetensorsBytes(entryText('{"shape":[1e0]}'))],
    ['a dimension of 2^53', 'overflow', () => safetensorsBytes(entryText('{"shape":[9007199254740992]}'))],
    [
      'a product past 2^53',
      'overflow',
      () => safetensorsBytes({ w: { ...floatEntry(0, 1), shape: [2 ** 27, 2 ** 27] } }, data(4)),
    ],
    [
      'a product past 2^53 hidden by a 0',
      'overflow',
      () => safetensorsBytes({ w: { ...floatEntry(0, 0), shape: [2 ** 27, 2 ** 27, 0] } }),
    ],
    [
      'too many dimensions',
      'bad-rank',
      () => safetensorsBytes({ w: { ...floatEntry(0, 1), shape: Array(maxRank + 1).fill(1) } }, data(4)),
    ],
    [
      'three offsets',
      'bad-rank',
      () => safetensorsBytes({ w: { ...floatEntry(0, 1), data_offsets: [0, 4, 8] } }, data(4)),
    ],
    ['one offset', 'bad-offsets', () => safetensorsBytes({ w: { ...floatEntry(0, 1), data_offsets: [0] } }, data(4))],
    [
      'offsets the wrong way round',
      'bad-offsets',
      () => safetensorsBytes({ w: { ...floatEntry(0, 1), data_offsets: [4, 0] } }, data(4)),
    ],
    [
      'a size that does not fit',
      'wrong-size',
      () => safetensorsBytes({ w: { ...floatEntry(0, 1), shape: [2] } }, data(4)),
    ],
    ['an overlap', 'overlap', () => safetensorsBytes(two(floatEntry(0, 2), floatEntry(4, 1)), data(8))],
    ['the same bytes twice', 'overlap', () => safetensorsBytes(two(floatEntry(0, 1), floatEntry(0, 1)), data(4))],
    ['a gap', 'gap', () => safetensorsBytes(two(floatEntry(0, 1), floatEntry(8, 1)), data(12))],
    ['a gap at the start', 'gap', () => safetensorsBytes({ w: floatEntry(4, 1) }, data(8))],
    ['data past the end of the file', 'truncated', () => safetensorsBytes({ w: floatEntry(0, 3) }, data(11))],
    ['trailing bytes', 'trailing-bytes', () => safetensorsBytes({ w: floatEntry(0, 1) }, data(5))],
    [
      'a name too long',
      'name-too-long',
      () => safetensorsBytes({ ['n'.repeat(maxNameLength + 1)]: floatEntry(0, 1) }, data(4)),
    ],
    [
      'a name of a million characters',
      'name-too-long',
      () => safetensorsBytes({ ['n'.repeat(1_000_000)]: floatEntry(0, 1) }, data(4)),
    ],
    [
      'too many tensors',
      'too-many-tensors',
      () => {
        const entry = JSON.stringify(floatEntry(0, 0));
        const entries = Array.from({ length: maxTensorCount + 1 }, (_, index) => `"${index}":${entry}`);
        return safetensorsBytes(`{${entries.join(',')}}`);
      },
    ],
  ];
  it.each(faults)('refuses %s as %s', async (_, code, bytes) => {
    expect((await faultOf(bytes())).code).toBe(`safetensors-${code}`);
  });

  it('names the path and the tensor', async () => {
    const fault = await faultOf(safetensorsBytes({ 'a.weight': { ...floatEntry(0, 1), shape: [3] } }, data(4)));
    expect(fault.message).toMatch(/x\.safetensors: tensor "a\.weight": F32 \[3\] needs 12 bytes, its data has 4\./);
    expect(fault.details).toMatchObject({ tensor: 'a.weight' });
  });
});

describe('readTensor', () => {
  const read = async (dtype: string, shape: number[], values: ArrayBufferView): Promise<Float32Array> => {
    const bytes = new Uint8Array(values.buffer);
    const entry = { dtype, shape, data_offsets: [0, bytes.length] };
    let result: Float32Array = new Float32Array();
    await withFolder({ 'x.safetensors': safetensorsBytes({ w: entry }, bytes) }, async (folder) => {
      const file = await readSafetensors(join(folder, 'x.safetensors'));
      result = await readTensor(file.tensors.get('w')!);
    });
    return result;
  };

  it('reads float32 as it stands', async () => {
    const values = Float32Array.of(1.5, -0, 3.4e38, Number.NaN);
    expect(await read('F32', [2, 2], values)).toEqual(values);
  });

  it('decodes half precision: normal, subnormal, extremes', async () => {
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555);
    const wanted = [1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, -0, Infinity, -Infinity, NaN, 0.333251953125];
    expect(await read('F16', [11], bits)).toEqual(Float32Array.from(wanted));
  });

  it('decodes bfloat16', async () => {
    const bits = Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0xff80, 0x0001, 0x8000);
    const wanted = [1, -2, Infinity, -Infinity, 2 ** -133, -0];
    expect(await read('BF16', [6], bits)).toEqual(Float32Array.from(wanted));
  });

  it.each(['E4M3', 'E5M2'])('decodes all 256 codes of fp8 %s as torch does', async (kind) => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const golden = await openGolden('folders');
    expect(await read(`F8_${kind}`, [256], codes)).toEqual(golden.floats(`fp8/${kind.toLowerCase()}`).data);
  });

  it('refuses integers', async () => {
    await expect(read('I64', [1], new BigInt64Array(1))).rejects.toMatchObject({ code: 'safetensors-bad-dtype' });
  });
});
