import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SafetensorsError } from '../../../src/errors.ts';
import { readSafetensors } from '../../../src/inference/safetensors/read-safetensors.ts';
import { readTensor } from '../../../src/inference/safetensors/read-tensor.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/inference/safetensors/safetensors-bytes.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { floatEntry, safetensorsBytes } from './build-file.ts';

const content = {
  metadata: { kinora: '{"step":3}', note: 'ä "quoted" text' },
  tensors: {
    latents: { dtype: 'F32', shape: [2, 3], values: Float32Array.of(1, -2, 0.5, 1e-30, 3e38, -0) },
    words: { dtype: 'U32', shape: [2], values: Uint32Array.of(0, 0xffff_ffff) },
    none: { dtype: 'F32', shape: [0], values: new Float32Array() },
  },
} as const;

describe('files of the format in memory', () => {
  it('are read back as they were written, at whatever place of a buffer', () => {
    const bytes = encodeSafetensors(content);
    expect(decodeSafetensors(bytes, 'it')).toEqual(content);
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(decodeSafetensors(moved.subarray(3), 'it')).toEqual(content);
  });

  it('are what every reader of the format takes', async () => {
    const path = join(tempFolder(), 'state.safetensors');
    writeFileSync(path, encodeSafetensors(content));
    const { metadata, tensors } = await readSafetensors(path);
    expect(Object.fromEntries(metadata)).toEqual(content.metadata);
    expect(await readTensor(tensors.get('latents')!)).toEqual(content.tensors.latents.values);
    expect(tensors.get('words')).toMatchObject({ dtype: 'U32', shape: [2] });
  });

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a header past the end', Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255)],
    ['no JSON', safetensorsBytes('nonsense')],
    ['a tensor past the end', safetensorsBytes({ x: floatEntry(0, 2) }, new Uint8Array(4))],
    ['another dtype', safetensorsBytes({ x: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } }, new Uint8Array(1))],
  ])('are refused where they hold %s', (_, bytes) => {
    expect(() => decodeSafetensors(bytes, 'it')).toThrow(SafetensorsError);
  });
});
