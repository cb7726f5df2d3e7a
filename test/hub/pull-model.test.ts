import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PullProgress } from '../../src/hub/pull-model.ts';
import { fakeModelRepository, neededFp16Paths, patternBytes } from '../support/fake-model-repository.ts';
import { repo, usePullHarness } from './pull-harness.ts';

const record = 'kinora-pull.json';
const unetFile = 'unet/diffusion_pytorch_model.fp16.safetensors';

describe('pullModel', () => {
  const harness = usePullHarness();

  it('fetches what Kinora reads and nothing else, byte for byte', async () => {
    const result = await harness.pull();
    expect(await harness.list()).toEqual([...neededFp16Paths, record].sort());
    for (const path of neededFp16Paths) {
      expect((await harness.read(path)).equals(harness.repository.files.get(path) ?? Buffer.alloc(0)), path).toBe(true);
    }
    expect(result).toMatchObject({ fetchedFiles: 10, keptFiles: 0, fetchedBytes: result.totalBytes });
    expect(harness.storageRequests('').map(({ path }) => path)).toHaveLength(3);
  });

  it('fetches full precision when asked', async () => {
    await harness.pull({ variant: 'fp32' });
    const weights = (await harness.list()).filter((path) => path.endsWith('.safetensors'));
    expect(weights).toEqual([
      'image_encoder/model.safetensors',
      'unet/diffusion_pytorch_model.safetensors',
      'vae/diffusion_pytorch_model.safetensors',
    ]);
  });

  it('fetches nothing twice', async () => {
    const first = await harness.pull();
    harness.hub.requests.length = 0;
    const again = await harness.pull();
    expect(again).toEqual({ fetchedFiles: 0, fetchedBytes: 0, keptFiles: 10, totalBytes: first.totalBytes });
    expect(harness.hub.requests.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
  });

  it('keeps files that came another way, if their checksum is right', async () => {
    await mkdir(join(harness.folder, 'unet'), { recursive: true });
    await writeFile(join(harness.folder, unetFile), harness.repository.files.get(unetFile) ?? '');
    expect(await harness.pull()).toMatchObject({ fetchedFiles: 9, keptFiles: 1 });
    expect(harness.storageRequests(unetFile)).toEqual([]);
  });

  it('never overwrites a file that it does not own', async () => {
    await mkdir(join(harness.folder, 'unet'), { recursive: true });
    await writeFile(join(harness.folder, 'unet/config.json'), '{"edited": true}');
    await expect(harness.pull()).rejects.toMatchObject({
      code: 'folder-conflict',
      message: expect.stringContaining('unet/config.json'),
    });
    expect(String(await harness.read('unet/config.json'))).toBe('{"edited": true}');
  });

  it('takes the new version of a file that the owner changed', async () => {
    await harness.pull();
    const bytes = patternBytes('second', 50_001);
    harness.repository.files.set('vae/diffusion_pytorch_model.fp16.safetensors', bytes);
    harness.repository.commit = createHash('sha1').update('second').digest('hex');
    expect(await harness.pull()).toMatchObject({ fetchedFiles: 1, keptFiles: 9 });
    expect((await harness.read('vae/diffusion_pytorch_model.fp16.safetensors')).equals(bytes)).toBe(true);
    const { files } = JSON.parse(String(await harness.read(record)));
    expect(files['unet/config.json'].commit).toBe(harness.repository.commit);
  });

  it('takes a commit that is asked for and refuses one that is not there', async () => {
    await harness.pull({ revision: harness.repository.commit });
    await expect(harness.pull({ revision: 'v9' })).rejects.toMatchObject({
      code: 'revision-not-found',
      message: expect.stringContaining('--revision'),
    });
  });

  it('refuses to mix repositories and variants in one folder', async () => {
    await harness.pull();
    await expect(harness.pull({ variant: 'fp32' })).rejects.toMatchObject({ code: 'folder-conflict' });
    harness.hub.repositories.set('maker/other', fakeModelRepository());
    await expect(harness.pull({ repo: 'maker/other' })).rejects.toMatchObject({
      code: 'folder-conflict',
      message: expect.stringContaining('--dir'),
    });
  });

  it('says what a repository lacks', async () => {
    harness.repository.files.delete('vae/config.json');
    await expect(harness.pull()).rejects.toMatchObject({
      code: 'not-a-model',
      message: expect.stringContaining('vae/config.json'),
    });
    expect(await harness.list()).toEqual([]);
  });

  it('takes the other variant of one network and says so, but not of all', async () => {
    harness.repository.files.delete('image_encoder/model.fp16.safetensors');
    await harness.pull();
    expect(harness.notes).toEqual([expect.stringMatching(/image_encoder.*fp32/)]);
    for (const path of [unetFile, 'vae/diffusion_pytorch_model.fp16.safetensors'])
      harness.repository.files.delete(path);
    await expect(harness.pull()).rejects.toMatchObject({
      code: 'variant-missing',
      message: expect.stringContaining('--variant fp32'),
    });
  });

  it('tells how many bytes are there, never more than there are', async () => {
    const news: PullProgress[] = [];
    const { totalBytes } = await harness.pull({}, { onProgress: (progress) => news.push(progress) });
    const counts = news.map(({ receivedBytes }) => receivedBytes);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(totalBytes);
    expect(news[0]?.path).toBe('LICENSE.md');
    expect(news.at(-1)?.path).toBe(unetFile);
  });
});

describe('licences', () => {
  const harness = usePullHarness();

  it('are named and accepted once', async () => {
    const asked: unknown[] = [];
    const acceptLicence = async (...question: unknown[]) => asked.push(question) > 0;
    await harness.pull({}, { acceptLicence });
    await harness.pull({}, { acceptLicence });
    const link = `${harness.hub.endpoint}/${repo}/blob/${harness.repository.commit}/LICENSE.md`;
    expect(asked).toEqual([[repo, { name: 'fake-community', link }]]);
  });

  it('are asked for again when they change', async () => {
    await harness.pull();
    harness.repository.cardData = { license: 'mit' };
    const acceptLicence = async () => false;
    await expect(harness.pull({}, { acceptLicence })).rejects.toMatchObject({ code: 'licence-not-accepted' });
  });

  it('stop the pull before anything is written when they are not accepted', async () => {
    await expect(harness.pull({}, { acceptLicence: async () => false })).rejects.toMatchObject({
      code: 'licence-not-accepted',
    });
    expect(await harness.list()).toEqual([]);
  });

  it('are asked for even where a card names none, or nonsense', async () => {
    harness.repository.cardData = { license: { not: 'text' } };
    const asked: unknown[] = [];
    await harness.pull({}, { acceptLicence: async (...question) => asked.push(question) > 0 });
    expect(asked).toEqual([[repo, undefined]]);
  });
});

describe('--unet', () => {
  const harness = usePullHarness();
  const unetBytes = patternBytes('lcm', 200_000);

  function addUnetRepository(paths: string[]) {
    harness.hub.repositories.set('maker/lcm', {
      commit: createHash('sha1').update('lcm').digest('hex'),
      files: new Map(paths.map((path) => [path, path.endsWith('.safetensors') ? unetBytes : Buffer.from('{}')])),
      cardData: { license: 'mit' },
      isLarge: (path) => path.endsWith('.safetensors'),
    });
  }

  it('takes the UNet alone from another repository, its config where it has one', async () => {
    addUnetRepository(['unet/config.json', unetFile, 'vae/diffusion_pytorch_model.fp16.safetensors', 'LICENSE']);
    const asked: string[] = [];
    const acceptLicence = async (name: string) => asked.push(name) > 0;
    await harness.pull({ unet: { repo: 'maker/lcm', file: undefined } }, { acceptLicence });
    expect(await harness.list()).toEqual([...neededFp16Paths, record, 'unet/LICENSE'].sort());
    expect((await harness.read(unetFile)).equals(unetBytes)).toBe(true);
    expect(String(await harness.read('unet/config.json'))).toBe('{}');
    expect(harness.storageRequests('svd-fake/vae/diffusion_pytorch_model.fp16.safetensors')).toHaveLength(1);
    expect(asked).toEqual([repo, 'maker/lcm']);
  });

  it('takes one bare file under the name that diffusers gives it, with the base config', async () => {
    addUnetRepository(['Lcm-xt.safetensors', 'README.md']);
    await harness.pull({ unet: { repo: 'maker/lcm', file: undefined } });
    expect((await harness.read('unet/diffusion_pytorch_model.safetensors')).equals(unetBytes)).toBe(true);
    expect(String(await harness.read('unet/config.json'))).toContain('unet/config.json');
  });

  it('asks which, where there are several', async () => {
    addUnetRepository(['Lcm-xt.safetensors', 'Lcm-xt-1.1.safetensors']);
    await expect(harness.pull({ unet: { repo: 'maker/lcm', file: undefined } })).rejects.toMatchObject({
      code: 'not-a-model',
      message: expect.stringContaining('maker/lcm:Lcm-xt-1.1.safetensors'),
    });
    await harness.pull({ unet: { repo: 'maker/lcm', file: 'Lcm-xt-1.1.safetensors' } });
    expect(await harness.list()).toContain('unet/diffusion_pytorch_model.safetensors');
  });
});
