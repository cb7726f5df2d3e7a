import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { run, type SetupCudaMachine } from '../../src/cli/setup-cuda.ts';
import { systemLoader } from '../../src/hub/cuda/native-libraries.ts';
import { readCudaManifest } from '../../src/hub/cuda/runtime-package.ts';
import { fakeElf } from '../support/fake-elf.ts';
import { type FakeNuget, startFakeNuget } from '../support/fake-nuget.ts';
import { zip } from '../support/zip.ts';

const names = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;
const inPackage = (name: string) => `runtimes/linux-x64/native/${name}`;
const cudaLibrary = fakeElf({
  soname: names[1],
  needed: ['libcudart.so.99', 'libcudnn.so.98', names[0], 'libstdc++.so.6', 'libc.so.6'],
});
const goodFiles = new Map([
  [inPackage(names[0]), fakeElf({ soname: names[0], needed: ['libc.so.6'] })],
  [inPackage(names[1]), cudaLibrary],
  [inPackage('libonnxruntime_providers_tensorrt.so'), fakeElf()],
]);

let root: string;
let feed: FakeNuget;
let machine: SetupCudaMachine;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kinora-setup-'));
  await useFeed(goodFiles);
});
afterEach(async () => {
  await feed.close();
  await rm(root, { recursive: true, force: true });
});

async function useFeed(files: ReadonlyMap<string, Buffer>) {
  await feed?.close();
  feed = await startFakeNuget('Fake.Gpu.Linux', '1.30.0', zip(files));
  await mkdir(join(root, 'bin'), { recursive: true });
  machine = {
    manifest: () => ({
      version: '1.30.0',
      folder: join(root, 'bin'),
      feed: feed.index,
      package: { id: 'Fake.Gpu.Linux', version: '1.30.0' },
      libraries: new Map(names.map((name) => [name, inPackage(name)])),
    }),
    places: {
      libraryPath: join(root, 'cuda'),
      // Versions and a name that no machine has, so that only what a test puts there is found.
      driver: 'libcuda-made-up.so.1',
      hintRoots: [join(root, 'opt')],
    },
  };
}

/** Runs `kinora setup cuda` on the made-up machine, as the command line would. */
async function setup(...argv: string[]) {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const io = { ...streams, signal: new AbortController().signal, environment: {} };
  const load = async () => ({ run: (rest: string[]) => run(rest, io, machine) });
  const exitCode = await runCli(['setup', ...argv], io, [{ name: 'setup', description: '', load }]);
  return { exitCode, stdout: String(streams.stdout.read() ?? ''), stderr: String(streams.stderr.read() ?? '') };
}

async function put(path: string, bytes = fakeElf()) {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), bytes);
}

// The loader of glibc on x64 is asked: there are no CUDA libraries of onnxruntime-node for another system.
describe.runIf(existsSync(systemLoader))('kinora setup cuda', () => {
  it('puts the two libraries beside the binding and tells what is missing', async () => {
    const { exitCode, stdout } = await setup();
    expect(exitCode).toBe(0);
    expect((await readdir(join(root, 'bin'))).sort()).toEqual([...names].sort());
    expect((await readFile(join(root, 'bin', names[1]))).equals(cudaLibrary)).toBe(true);
    expect(stdout).toContain('Fetched and verified, for onnxruntime-node 1.30.0');
    expect(stdout).toContain('It links CUDA 99 and cuDNN 98');
    expect(stdout).toMatch(/libcudart\.so\.99 +NOT FOUND\n/);
    expect(stdout).toMatch(/libcuda-made-up\.so\.1 +NOT FOUND\n/);
    expect(stdout).toContain("Install NVIDIA's driver");
    expect(stdout).not.toContain('libc.so');
  });

  it('finds what is there and names the folder that the loader does not search', async () => {
    await put('cuda/libcuda-made-up.so.1');
    await put('opt/cuda-12.8/lib64/libcudart.so.99');
    await put('cuda/libcudnn.so.98');
    expect((await setup()).stdout).toContain(
      `LD_LIBRARY_PATH before Kinora starts: ${join(root, 'opt/cuda-12.8/lib64')}`,
    );
    await put('cuda/libcudart.so.99');
    expect((await setup()).stdout).toContain('Everything is found. Use it with PROVIDER=cuda.');
  });

  it('fetches once, anew with --force, and anew where a library is broken', async () => {
    await setup();
    const packages = () => feed.requests.filter(({ path }) => path.endsWith('.nupkg')).length;
    expect((await setup()).stdout).toContain('Already there');
    expect(packages()).toBe(1);
    await setup('--force');
    expect(packages()).toBe(2);
    await put(`bin/${names[1]}`, Buffer.from('cut off'));
    await setup();
    expect(packages()).toBe(3);
    expect((await readFile(join(root, 'bin', names[1]))).equals(cudaLibrary)).toBe(true);
  });

  it.each([
    ['a wrong checksum', () => Object.assign(feed, { content: Buffer.alloc(feed.promised.length) }), 'wrong checksum'],
    ['a package that is not there', () => Object.assign(machine, missingPackage()), 'was not published'],
    ['a feed that is none', () => Object.assign(machine, otherFeed('/flat/package.nupkg')), 'NuGet v3 feed'],
  ])('installs nothing after %s', async (_, spoil, message) => {
    spoil();
    const { exitCode, stderr } = await setup();
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(message) });
    expect(await readdir(join(root, 'bin'))).toEqual([]);
  });

  it.each([
    ['lacks a library', new Map([[inPackage(names[0]), fakeElf()]]), /lacks .*providers_cuda\.so/],
    [
      'holds another machine’s',
      new Map([...goodFiles, [inPackage(names[1]), fakeElf({ machine: 183 })]]),
      /x64 library/,
    ],
    ['climbs out of its folder', new Map([...goodFiles, ['../../evil.so', fakeElf()]]), /can't be unpacked/],
    ['holds no library', new Map([...goodFiles, [inPackage(names[1]), Buffer.from('text')]]), /can't be used/],
  ])('installs nothing of a package that %s', async (_, files, message) => {
    await useFeed(files);
    const { exitCode, stderr } = await setup();
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(message) });
    expect(await readdir(join(root, 'bin'))).toEqual([]);
  });

  it('says so on a platform without CUDA libraries', async () => {
    machine = { ...machine, manifest: () => readCudaManifest('darwin', 'arm64') };
    expect(await setup()).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/Linux on x64.*PROVIDER=webgpu/),
    });
  });

  it('reads the installed onnxruntime-node', () => {
    const manifest = readCudaManifest('linux', 'x64');
    expect(manifest.package).toEqual({ id: 'Microsoft.ML.OnnxRuntime.Gpu.Linux', version: manifest.version });
    expect([...manifest.libraries]).toEqual(names.map((name) => [name, inPackage(name)]));
    expect(manifest.feed).toMatch(/^https:\/\/api\.nuget\.org\//);
    expect(manifest.folder).toMatch(/onnxruntime-node\/bin\/napi-v6\/linux\/x64$/);
  });

  it('refuses unknown options with 2 and explains itself', async () => {
    expect((await setup('--fast')).exitCode).toBe(2);
    expect((await setup('--help')).stdout).toContain('--force');
    const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
    const io = { ...streams, signal: new AbortController().signal, environment: {} };
    expect(await runCli(['setup', 'rocm'], io)).toBe(2);
    expect(await runCli(['setup', 'cuda', '--help'], io)).toBe(0);
  });
});

function missingPackage(): Pick<SetupCudaMachine, 'manifest'> {
  const manifest = { ...machine.manifest(), package: { id: 'Fake.Gpu.Linux', version: '9.9.9' } };
  return { manifest: () => manifest };
}

function otherFeed(path: string): Pick<SetupCudaMachine, 'manifest'> {
  const manifest = { ...machine.manifest(), feed: new URL(path, feed.index).href };
  return { manifest: () => manifest };
}
