import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { FakeRepository } from './fake-hub.ts';

/** Bytes that look random and are the same on every run. */
export function patternBytes(seed: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}

/** What Kinora needs of {@link fakeModelRepository} in fp16, and nothing else. */
export const neededFp16Paths = [
  'LICENSE.md',
  'feature_extractor/preprocessor_config.json',
  'image_encoder/config.json',
  'image_encoder/model.fp16.safetensors',
  'model_index.json',
  'scheduler/scheduler_config.json',
  'unet/config.json',
  'unet/diffusion_pytorch_model.fp16.safetensors',
  'vae/config.json',
  'vae/diffusion_pytorch_model.fp16.safetensors',
];

/** A Stable Video Diffusion repository as they are published, with both variants and much that nobody needs. */
export function fakeModelRepository(): FakeRepository {
  const small = [...neededFp16Paths, 'README.md', '.gitattributes'].filter((path) => !path.endsWith('.safetensors'));
  const large = [
    'svd_xt_1_1.safetensors',
    'example.gif',
    ...['unet', 'vae'].flatMap((folder) => [
      `${folder}/diffusion_pytorch_model.fp16.safetensors`,
      `${folder}/diffusion_pytorch_model.safetensors`,
      `${folder}/diffusion_pytorch_model.bin`,
      `${folder}/model.onnx`,
    ]),
    'image_encoder/model.fp16.safetensors',
    'image_encoder/model.safetensors',
  ];
  return {
    commit: createHash('sha1').update('first').digest('hex'),
    files: new Map([
      ...small.map((path) => [path, Buffer.from(JSON.stringify({ path }))] as const),
      ...large.map((path) => [path, patternBytes(path, path.startsWith('unet/') ? 200_000 : 20_000)] as const),
    ]),
    cardData: { license: 'other', license_name: 'fake-community', license_link: 'LICENSE.md' },
    isLarge: (path) => large.includes(path),
  };
}

/** A repository that holds a real model folder, as it is, with a licence. */
export function repositoryOfFolder(folder: string): FakeRepository {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return {
    commit: createHash('sha1').update(folder).digest('hex'),
    files: new Map([
      ...paths.map((path) => [relative(folder, path), readFileSync(path)] as const),
      ['LICENSE.md', Buffer.from('Do as you like.')],
    ]),
    cardData: { license: 'other', license_name: 'fake-community', license_link: 'LICENSE.md' },
    isLarge: (path) => path.endsWith('.safetensors'),
  };
}
