import { describe, expect, it } from 'vitest';
import { findWeightFiles } from '../../src/hub/weight-files.ts';

function repositoryWith(...paths: string[]) {
  const digest = { kind: 'sha256', hex: '' } as const;
  return { files: new Map(paths.map((path) => [path, { path, sizeBytes: 1, digest }])) };
}

const base = 'unet/diffusion_pytorch_model';

describe('findWeightFiles', () => {
  it.each([
    ['fp16', [`${base}.fp16.safetensors`], 'fp16'],
    ['fp32', [`${base}.safetensors`], 'fp32'],
  ] as const)('takes the %s file where both are there', (variant, paths, found) => {
    const repository = repositoryWith(`${base}.safetensors`, `${base}.fp16.safetensors`, `${base}.bin`);
    expect(findWeightFiles(repository, 'unet', variant)).toEqual({ variant: found, paths });
  });

  it('takes the other variant where there is no choice', () => {
    const only = repositoryWith('image_encoder/model.safetensors');
    expect(findWeightFiles(only, 'image_encoder', 'fp16')).toMatchObject({ variant: 'fp32' });
  });

  it.each([
    ['fp32', `${base}.safetensors.index.json`, (i: number) => `${base}-0000${i}-of-00002.safetensors`],
    ['fp16', `${base}.safetensors.index.fp16.json`, (i: number) => `${base}.fp16-0000${i}-of-00002.safetensors`],
    ['fp16', `${base}.safetensors.index.fp16.json`, (i: number) => `${base}-0000${i}-of-00002.fp16.safetensors`],
    ['fp16', `${base}.fp16.safetensors.index.json`, (i: number) => `${base}.fp16-0000${i}-of-00002.safetensors`],
  ] as const)('takes an index with all of its shards (%s, %s)', (variant, index, shard) => {
    const paths = [index, shard(1), shard(2)];
    expect(findWeightFiles(repositoryWith(...paths, `${base}.bin`), 'unet', variant)).toEqual({ variant, paths });
    expect(findWeightFiles(repositoryWith(index, shard(1)), 'unet', variant)).toBeUndefined();
    expect(findWeightFiles(repositoryWith(shard(1), shard(2)), 'unet', variant)).toBeUndefined();
  });

  it('never takes a name that leads elsewhere', () => {
    const odd = [
      `${base}-00001-of-00001.safetensors/../../x.safetensors`,
      `${base}/../x.safetensors`,
      `../${base}.safetensors`,
    ];
    expect(findWeightFiles(repositoryWith(`${base}.safetensors.index.json`, ...odd), 'unet', 'fp32')).toBeUndefined();
  });
});
