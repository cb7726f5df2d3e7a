import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { realDisk } from '../../src/hub/disk.ts';
import { createHttpClient, type RetryNews } from '../../src/hub/http-client.ts';
import { type PullOptions, type PullRequest, type PullResult, pullModel } from '../../src/hub/pull-model.ts';
import { instantClock } from '../support/fake-clock.ts';
import { type FakeHub, type FakeRepository, startFakeHub } from '../support/fake-hub.ts';
import { fakeModelRepository } from '../support/fake-model-repository.ts';

/** A fake hub with one model, an empty folder, and pulls from one into the other. */
export interface PullHarness {
  hub: FakeHub;
  repository: FakeRepository;
  folder: string;
  retries: RetryNews[];
  notes: string[];
  controller: AbortController;
  /** Pulls with everything as an operator would, but without pauses; `token` goes to the hub. */
  pull: (
    request?: Partial<PullRequest>,
    options?: Partial<PullOptions> & { token?: string; idleTimeoutMs?: number; fetch?: typeof fetch },
  ) => Promise<PullResult>;
  /** Every file in the folder, sorted. */
  list: () => Promise<string[]>;
  read: (path: string) => Promise<Buffer>;
  /** How often the storage host was asked for a path that ends so. */
  storageRequests: (suffix: string) => FakeHub['requests'];
}

export const repo = 'maker/svd-fake';

/** Sets a harness up before each test of the calling file; read its members inside the tests only. */
export function usePullHarness(): PullHarness {
  const harness = {} as PullHarness;
  beforeEach(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kinora-pull-'));
    Object.assign(harness, await createHarness(join(folder, 'model')));
  });
  afterEach(async () => {
    await harness.hub.close();
    await rm(join(harness.folder, '..'), { recursive: true, force: true });
  });
  return harness;
}

async function createHarness(folder: string): Promise<PullHarness> {
  const hub = await startFakeHub();
  const repository = fakeModelRepository();
  hub.repositories.set(repo, repository);
  const retries: RetryNews[] = [];
  const notes: string[] = [];
  const controller = new AbortController();
  return {
    hub,
    repository,
    folder,
    retries,
    notes,
    controller,
    pull: (request = {}, { token, idleTimeoutMs = 5_000, fetch: ownFetch = fetch, onProgress, ...options } = {}) => {
      const { signal } = controller;
      let lastBytes = 0;
      const web = createHttpClient({
        fetch: ownFetch,
        signal,
        idleTimeoutMs,
        retry: { policy: { firstMs: 1, factor: 2, maxMs: 3, tries: 4 }, clock: instantClock },
        onRetry: (news) => retries.push(news),
        ...(token === undefined ? {} : { token: { value: token, origin: new URL(hub.endpoint).origin } }),
      });
      return pullModel(
        { repo, revision: 'main', variant: 'fp16', folder, ...request },
        {
          endpoint: hub.endpoint,
          hasToken: token !== undefined,
          web,
          signal,
          disk: realDisk,
          now: () => new Date('2025-01-01T00:00:00Z'),
          acceptLicence: async () => true,
          onNote: (note) => notes.push(note),
          onProgress: (progress) => {
            hub.received(progress.receivedBytes - lastBytes);
            lastBytes = progress.receivedBytes;
            onProgress?.(progress);
          },
          ...options,
        },
      );
    },
    list: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
      const files = entries.filter((entry) => entry.isFile());
      return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
    },
    read: (path) => readFile(join(folder, path)),
    storageRequests: (suffix) =>
      hub.requests.filter(({ host, path }) => host === 'storage' && path.split('?')[0]?.endsWith(suffix)),
  };
}
