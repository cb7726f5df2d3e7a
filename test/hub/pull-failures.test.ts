import { open } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DownloadError, JobCancelledError } from '../../src/errors.ts';
import { type Disk, realDisk } from '../../src/hub/disk.ts';
import { patternBytes } from '../support/fake-model-repository.ts';
import { repo, usePullHarness } from './pull-harness.ts';

const unetFile = 'unet/diffusion_pytorch_model.fp16.safetensors';
const unfinished = [`${unetFile}.part`, `${unetFile}.part.json`];

/** A disk that takes `bytes` bytes per file and then fails as a full one does. */
function diskWithRoomFor(bytes: number): Disk {
  return {
    ...realDisk,
    open: async (...parameters) => {
      const handle = await open(...parameters);
      const write = handle.write.bind(handle);
      let left = bytes;
      const limited = async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        if (left === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        const result = await write(buffer, offset, Math.min(length, left), position);
        left -= result.bytesWritten;
        return result;
      };
      return Object.assign(handle, { write: limited as unknown as typeof handle.write });
    },
  };
}

describe('an interrupted pull', () => {
  const harness = usePullHarness();

  it('goes on by itself after a cut in mid-file, with the bytes that had come', async () => {
    harness.hub.storageFaults.push({ kind: 'cut', afterBytes: 5_000 }, { kind: 'cut', afterBytes: 7_000 });
    await harness.pull();
    const [first, second, third] = harness.storageRequests('safetensors');
    expect(first?.headers.range).toBeUndefined();
    expect(second?.headers.range).toBe('bytes=5000-');
    expect(third?.headers.range).toBe('bytes=12000-');
    expect(second?.headers['if-range']).toMatch(/^"storage-/);
    expect([first, second, third].map((request) => request?.status)).toEqual([200, 206, 206]);
    expect(harness.retries).toHaveLength(2);
    expect((await harness.list()).filter((path) => path.includes('.part'))).toEqual([]);
  });

  it('says that running again goes on, leaves only a part, and goes on', async () => {
    const small = { kind: 'none' } as const;
    const cut = { kind: 'cut', afterBytes: 40_000 } as const;
    const down = { kind: 'status', status: 503 } as const;
    harness.hub.storageFaults.push(small, small, cut, down, down, down, down);
    await expect(harness.pull()).rejects.toMatchObject({
      code: 'connection-lost',
      message: expect.stringMatching(/503.*run the same command again/),
    });
    const left = await harness.list();
    expect(left.filter((path) => path.startsWith('unet/diffusion'))).toEqual(unfinished);
    expect(await harness.read(`${unetFile}.part`)).toHaveLength(40_000);

    harness.hub.requests.length = 0;
    expect(await harness.pull()).toMatchObject({ fetchedFiles: 1, fetchedBytes: 160_000, keptFiles: 9 });
    expect(harness.storageRequests('safetensors').map(({ headers }) => headers.range)).toEqual(['bytes=40000-']);
    expect((await harness.read(unetFile)).equals(harness.repository.files.get(unetFile) ?? Buffer.alloc(0))).toBe(true);
  });

  it('starts again where the server ignores Range', async () => {
    harness.hub.storageFaults.push({ kind: 'cut', afterBytes: 5_000 }, { kind: 'ignore-range' });
    await harness.pull();
    const [, second] = harness.storageRequests('safetensors');
    expect(second).toMatchObject({ status: 200, headers: { range: 'bytes=5000-' } });
  });

  it('throws a part away when the file behind it is another by now', async () => {
    const small = { kind: 'none' } as const;
    harness.hub.storageFaults.push(small, small, { kind: 'cut', afterBytes: 40_000 });
    const down = { kind: 'status', status: 500 } as const;
    harness.hub.storageFaults.push(down, down, down, down);
    await expect(harness.pull()).rejects.toMatchObject({ code: 'connection-lost' });
    const bytes = patternBytes('second', 200_000);
    harness.repository.files.set(unetFile, bytes);
    harness.hub.requests.length = 0;
    await harness.pull();
    expect(harness.storageRequests('safetensors').map(({ headers }) => headers.range)).toEqual([undefined]);
    expect((await harness.read(unetFile)).equals(bytes)).toBe(true);
  });

  it('counts a connection without a byte as cut', async () => {
    harness.hub.storageFaults.push({ kind: 'stall', afterBytes: 100 });
    await harness.pull({}, { idleTimeoutMs: 200 });
    expect(harness.retries).toMatchObject([{ reason: 'nothing came for 0.2 s', attempt: 1 }]);
  });

  it('waits as long as the server asks', async () => {
    harness.hub.storageFaults.push({ kind: 'status', status: 429, headers: { 'Retry-After': '7' } });
    await harness.pull();
    expect(harness.retries).toMatchObject([{ delayMs: 7_000, reason: 'the server answered 429' }]);
  });

  it('stops when a person stops it', async () => {
    const onProgress = ({ path, receivedBytes }: { path: string; receivedBytes: number }) => {
      if (path === unetFile && receivedBytes > 50_000) harness.controller.abort(new JobCancelledError());
    };
    await expect(harness.pull({}, { onProgress })).rejects.toBeInstanceOf(JobCancelledError);
    expect(await harness.list()).not.toContain(unetFile);
  });

  it('says so when the hub cannot be reached at all', async () => {
    const failing = async () => {
      const cause = Object.assign(new Error('getaddrinfo ENOTFOUND huggingface.co'), { code: 'ENOTFOUND' });
      throw new TypeError('fetch failed', { cause });
    };
    await expect(harness.pull({}, { fetch: failing })).rejects.toMatchObject({
      code: 'offline',
      message: expect.stringMatching(/ENOTFOUND.*online/),
    });
    expect(harness.retries).toHaveLength(1);
    expect(await harness.list()).toEqual([]);
  });
});

describe('a wrong file', () => {
  const harness = usePullHarness();

  it('with a wrong checksum never gets its name', async () => {
    harness.repository.corrupt = new Map([[unetFile, patternBytes('evil', 200_000)]]);
    await expect(harness.pull()).rejects.toMatchObject({
      code: 'checksum-mismatch',
      message: expect.stringMatching(/diffusion_pytorch_model.fp16.safetensors.*sha256/),
    });
    expect((await harness.list()).filter((path) => path.startsWith('unet/diffusion'))).toEqual([]);
  });

  it('that is longer or shorter than listed is refused before it is written', async () => {
    harness.repository.corrupt = new Map([[unetFile, patternBytes('long', 200_001)]]);
    // The hub vouches for the size that it listed, so the extra byte shows while it comes.
    await expect(harness.pull()).rejects.toMatchObject({ code: 'file-changed' });
    expect((await harness.list()).filter((path) => path.startsWith('unet/diffusion'))).toEqual([]);
  });

  it('whose ETag is not the listed one is named as changed', async () => {
    harness.repository.claimedEtags = new Map([[unetFile, 'f'.repeat(64)]]);
    await expect(harness.pull()).rejects.toMatchObject({
      code: 'file-changed',
      message: expect.stringContaining('ffffffffffff'),
    });
  });

  it('cannot leave the folder, whatever the repository lists', async () => {
    harness.repository.files.set('../../evil.safetensors', patternBytes('evil', 100));
    harness.repository.files.set('/etc/evil/config.json', Buffer.from('{}'));
    await harness.pull();
    expect((await harness.list()).filter((path) => path.includes('evil'))).toEqual([]);
  });
});

describe('the disk', () => {
  const harness = usePullHarness();

  it('is measured before the first byte', async () => {
    const disk = { ...realDisk, freeBytes: async () => 1_000 };
    await expect(harness.pull({}, { disk })).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/240 kB are still to come.*1.00 kB free.*--dir/),
    });
    expect(harness.storageRequests('')).toEqual([]);
  });

  it('needs no room for what is there already', async () => {
    await harness.pull();
    await expect(harness.pull({}, { disk: { ...realDisk, freeBytes: async () => 0 } })).resolves.toMatchObject({
      keptFiles: 10,
    });
  });

  it('that fills up keeps what has come, and says so', async () => {
    await expect(harness.pull({}, { disk: diskWithRoomFor(30_000) })).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/disk is full.*run the same command again/),
    });
    expect((await harness.list()).filter((path) => path.startsWith('unet/diffusion'))).toEqual(unfinished);
    await harness.pull();
    expect(harness.storageRequests(unetFile).at(-1)?.headers.range).toBe('bytes=30000-');
  });
});

describe('access', () => {
  const harness = usePullHarness();

  it('to a gated repository: without a token, with a wrong one, with the right one', async () => {
    Object.assign(harness.repository, { gated: true, token: 'hf_right' });
    await expect(harness.pull()).rejects.toMatchObject({ code: 'gated', message: expect.stringContaining('HF_TOKEN') });
    await expect(harness.pull({}, { token: 'hf_wrong' })).rejects.toMatchObject({
      code: 'gated',
      message: expect.stringContaining('has no access'),
    });
    await harness.pull({}, { token: 'hf_right' });
    expect(await harness.list()).toContain(unetFile);
  });

  it('to a private or missing repository', async () => {
    harness.repository.token = 'hf_right';
    await expect(harness.pull()).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(harness.pull({}, { token: 'hf_wrong' })).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(harness.pull({ repo: 'no/where' }, { token: 'hf_right' })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('--repo'),
    });
  });

  it('never shows the token to another host, nor in a message', async () => {
    harness.repository.token = 'hf_secret';
    harness.hub.storageFaults.push({ kind: 'cut', afterBytes: 10 }, { kind: 'status', status: 403 });
    const error = await harness.pull({}, { token: 'hf_secret' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DownloadError);
    const told = [String(error), ...harness.retries.map((news) => JSON.stringify(news)), ...harness.notes].join('\n');
    expect(told).not.toMatch(/hf_secret|signature=/);
    await harness.pull({}, { token: 'hf_secret' });
    const { hub } = harness;
    expect(hub.requests.filter(({ host }) => host === 'storage').length).toBeGreaterThan(3);
    for (const { host, headers } of hub.requests) {
      expect(headers.authorization).toBe(host === 'hub' ? 'Bearer hf_secret' : undefined);
    }
    expect(await harness.list()).toContain('kinora-pull.json');
    expect(String(await harness.read('kinora-pull.json'))).not.toContain('hf_secret');
  });

  it('needs no token for a public one', async () => {
    await harness.pull();
    expect(harness.hub.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    expect(harness.hub.requests[0]?.path).toContain(`/api/models/${repo}/revision/main`);
  });
});
