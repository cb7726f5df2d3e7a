import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { findModel, findWeightFile } from '../../src/hub/find-model.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** A home with a working folder in it, and a cache that holds `owner/name` in the commits that are named. */
function place({ commits = ['c0ffee'], main = 'c0ffee' }: { commits?: string[]; main?: string | null } = {}) {
  const home = tempFolder();
  const workingFolder = join(home, 'work');
  mkdirSync(workingFolder);
  const hub = join(home, '.cache', 'huggingface', 'hub');
  const cached = join(hub, 'models--owner--name');
  for (const commit of commits) mkdirSync(join(cached, 'snapshots', commit), { recursive: true });
  mkdirSync(join(cached, 'refs'), { recursive: true });
  if (main !== null) writeFileSync(join(cached, 'refs', 'main'), main);
  const find = (named: string, environment: Record<string, string> = {}) =>
    findModel(named, { environment: { HOME: home, ...environment }, workingFolder });
  return { home, workingFolder, hub, cached, find, snapshot: join(cached, 'snapshots', 'c0ffee') };
}

describe('a model is found', () => {
  it('as a folder or a file, relative or absolute', async () => {
    const { workingFolder, find } = place();
    mkdirSync(join(workingFolder, 'svd', 'unet'), { recursive: true });
    writeFileSync(join(workingFolder, 'svd.safetensors'), '');
    expect(await find('svd')).toBe(join(workingFolder, 'svd'));
    expect(await find('./svd/')).toBe(join(workingFolder, 'svd'));
    expect(await find(join(workingFolder, 'svd'))).toBe(join(workingFolder, 'svd'));
    expect(await find('svd.safetensors')).toBe(join(workingFolder, 'svd.safetensors'));
  });

  it('by its model_index.json, which stands for the folder', async () => {
    const { workingFolder, find } = place();
    mkdirSync(join(workingFolder, 'svd'));
    writeFileSync(join(workingFolder, 'svd', 'model_index.json'), '{}');
    expect(await find('svd/model_index.json')).toBe(join(workingFolder, 'svd'));
  });

  it('in the home folder, also where a configuration has made the path absolute', async () => {
    const { home, workingFolder, find } = place();
    mkdirSync(join(home, 'svd'));
    expect(await find('~/svd')).toBe(join(home, 'svd'));
    expect(await find(join(workingFolder, '~', 'svd'))).toBe(join(home, 'svd'));
  });

  it.each(['owner/name', 'https://huggingface.co/owner/name', 'https://huggingface.co/owner/name/tree/main'])(
    "in Hugging Face's cache: %s",
    async (named) => {
      const { find, snapshot } = place();
      expect(await find(named)).toBe(snapshot);
    },
  );

  it('in the cache that the environment names, by the first variable that does', async () => {
    const { hub, find, snapshot } = place();
    const elsewhere = { XDG_CACHE_HOME: '/nowhere' };
    await expect(find('owner/name', elsewhere)).rejects.toThrow('/nowhere/huggingface/hub');
    expect(await find('owner/name', { ...elsewhere, HF_HOME: join(hub, '..') })).toBe(snapshot);
    expect(await find('owner/name', { HF_HOME: '/nowhere', HUGGINGFACE_HUB_CACHE: hub })).toBe(snapshot);
    expect(await find('owner/name', { HUGGINGFACE_HUB_CACHE: '/nowhere', HF_HUB_CACHE: hub })).toBe(snapshot);
  });

  it("as a repository's folder in that cache, or the folder of its snapshots", async () => {
    const { cached, find, snapshot } = place();
    expect(await find(cached)).toBe(snapshot);
    expect(await find(join(cached, 'snapshots'))).toBe(snapshot);
    expect(await find(snapshot)).toBe(snapshot);
  });

  it('where the cache does not say which snapshot is the newest but has one only', async () => {
    const { find, snapshot } = place({ main: null });
    expect(await find('owner/name')).toBe(snapshot);
  });

  it('in the folder rather than in the cache where both are there', async () => {
    const { workingFolder, find } = place();
    mkdirSync(join(workingFolder, 'owner', 'name'), { recursive: true });
    expect(await find('owner/name')).toBe(join(workingFolder, 'owner', 'name'));
  });
});

describe('a file of weights is found', () => {
  it('where it is named, and in the home folder', async () => {
    const { home, workingFolder } = place();
    writeFileSync(join(home, 'style.safetensors'), '');
    const find = (named: string) => findWeightFile(named, { environment: { HOME: home }, workingFolder });
    expect(await find('~/style.safetensors')).toBe(join(home, 'style.safetensors'));
    expect(await find('../style.safetensors')).toBe(join(home, 'style.safetensors'));
    await expect(find('style.safetensors')).rejects.toThrow(
      `There is no file ${join(workingFolder, 'style.safetensors')}`,
    );
    await expect(find('..')).rejects.toThrow(/is a folder: name the file in it/);
    symlinkSync('/gone/style.safetensors', join(workingFolder, 'style.safetensors'));
    await expect(find('style.safetensors')).rejects.toThrow(/a link to \/gone\/style\.safetensors, which is not there/);
  });
});

describe('what is no model is told apart', () => {
  const refused = async (finding: Promise<string>): Promise<string> => {
    const error = await finding.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'model-not-found', scope: 'host' });
    return (error as Error).message;
  };

  it('a repository that is not in the cache, with the command that fetches it', async () => {
    const { workingFolder, find } = place();
    expect(await refused(find('vdo/svd-xt'))).toMatch(/kinora model pull --repo vdo\/svd-xt, .* models\/svd-xt/);
    mkdirSync(join(workingFolder, 'models', 'svd-xt'), { recursive: true });
    expect(await refused(find('vdo/svd-xt'))).toMatch(/models\/svd-xt is here: name that/);
  });

  it('a folder that is misspelt, with those beside it', async () => {
    const { workingFolder, find } = place();
    mkdirSync(join(workingFolder, 'models', 'demo'), { recursive: true });
    expect(await refused(find('models/deno'))).toMatch(/There is no model at .*models\/deno; .*models has demo/);
  });

  it('a single word, and a path of several parts', async () => {
    const { workingFolder, find } = place();
    expect(await refused(find('svd'))).toContain(`There is no model at ${join(workingFolder, 'svd')}`);
    expect(await refused(find('/no/such/folder'))).toContain('kinora model pull fetches a model');
  });

  it('a link that leads nowhere', async () => {
    const { workingFolder, find } = place();
    symlinkSync('/mnt/models/svd', join(workingFolder, 'svd'));
    expect(await refused(find('svd'))).toMatch(/is a link to \/mnt\/models\/svd, which is not there/);
  });

  it('a cache without a snapshot, or with several', async () => {
    expect(await refused(place({ commits: [] }).find('owner/name'))).toMatch(/holds no snapshot.*--repo owner\/name/);
    const several = place({ commits: ['a1', 'b2'], main: null });
    expect(await refused(several.find(several.cached))).toMatch(/several snapshots .*snapshots\/a1, b2/);
  });
});
