import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { run, type SetupCudaMachine } from '../../src/cli/setup-cuda.ts';
import { cudaWheels } from '../../src/hub/cuda/cuda-wheels.ts';
import { systemLoader } from '../../src/hub/cuda/native-libraries.ts';
import { readCudaManifest } from '../../src/hub/cuda/runtime-package.ts';
import { fakeElf } from '../support/fake-elf.ts';
import { type FakeNuget, startFakeNuget } from '../support/fake-nuget.ts';
import { zip } from '../support/zip.ts';

const names = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const;
const inPackage = (name: string) => `runtimes/linux-x64/native/${name}`;

/** A provider that names its version, as ONNX Runtime's does. */
function provider(version = '1.30.0', needed = ['libcudart.so.99', 'libstdc++.so.6', 'libc.so.6']): Buffer {
  return Buffer.concat([fakeElf({ soname: names[1], needed }), Buffer.from(`\0${version}\0`)]);
}

const goodFiles = new Map([
  [inPackage(names[0]), fakeElf({ soname: names[0], needed: ['libc.so.6'] })],
  [inPackage(names[1]), provider()],
  [inPackage('libonnxruntime_providers_tensorrt.so'), fakeElf()],
]);

/** A wheel of NVIDIA's, with its list of checksums. */
function wheel(files: Readonly<Record<string, Buffer>>, spoiled: readonly string[] = []): Buffer {
  const record = Object.entries(files).map(([path, bytes]) => {
    const digest = createHash('sha256').update(spoiled.includes(path) ? 'other' : bytes);
    return `${path},sha256=${digest.digest('base64url')},${bytes.length}`;
  });
  const list = Buffer.from([...record, 'nvidia_made_up-1.dist-info/RECORD,,'].join('\n'));
  return zip(new Map([...Object.entries(files), ['nvidia_made_up-1.dist-info/RECORD', list]]));
}

const cudart = wheel({
  'nvidia/cu99/lib/libcudart.so.99': fakeElf({ soname: 'libcudart.so.99' }),
  'nvidia/cu99/include/driver_types.h': Buffer.from('//'),
});
const cudnn = wheel({
  'nvidia/cudnn/lib/libcudnn.so.98': fakeElf({ soname: 'libcudnn.so.98' }),
  'nvidia/cudnn/lib/libcudnn_ops.so.98': fakeElf({ soname: 'libcudnn_ops.so.98' }),
});

let root: string;
let feed: FakeNuget;
let packages: Server;
let requested: string[];
let machine: SetupCudaMachine;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kinora-setup-'));
  requested = [];
  const wheels = new Map([
    ['cudart.whl', cudart],
    ['cudnn.whl', cudnn],
  ]);
  packages = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    requested.push(name);
    const bytes = wheels.get(name);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  await new Promise<void>((listening) => packages.listen(0, '127.0.0.1', listening));
  await useFeed(goodFiles);
  const { port } = packages.address() as AddressInfo;
  machine.wheels = [...wheels].map(([file, bytes]) => ({
    file,
    url: `http://127.0.0.1:${port}/${file}`,
    sizeBytes: bytes.length,
    digest: { kind: 'sha256', hex: createHash('sha256').update(bytes).digest('hex') },
  }));
});
afterEach(async () => {
  packages.close();
  await feed.close();
  await rm(root, { recursive: true, force: true });
});

async function useFeed(files: ReadonlyMap<string, Buffer>) {
  await feed?.close();
  feed = await startFakeNuget('Fake.Gpu.Linux', '1.30.0', zip(files));
  await mkdir(join(root, 'bin'), { recursive: true });
  machine = {
    ...machine,
    manifest: () => ({
      version: '1.30.0',
      folder: join(root, 'bin'),
      feed: feed.index,
      package: { id: 'Fake.Gpu.Linux', version: '1.30.0' },
    }),
    places: {
      libraryPath: join(root, 'system'),
      // Versions and names that no machine has, so that only what a test puts there is found.
      driver: 'libcuda-made-up.so.1',
      opened: ['libcudnn.so.98'],
      hintRoots: [join(root, 'opt')],
    },
    folder: join(root, 'cuda'),
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

async function put(path: string, bytes = fakeElf()): Promise<string> {
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), bytes);
  return join(root, path);
}

const binding = async () => (await readdir(join(root, 'bin'))).sort();

// The loader of glibc on x64 is asked: there are no CUDA libraries of onnxruntime-node for another system.
describe.runIf(existsSync(systemLoader))('kinora setup cuda', () => {
  it("brings the provider, CUDA's and cuDNN's libraries into one folder, so that only the driver is missing", async () => {
    const { exitCode, stdout } = await setup();
    expect(exitCode).toBe(0);
    expect((await readdir(machine.folder)).sort()).toEqual([
      'cuda.json',
      'libcudart.so.99',
      'libcudnn.so.98',
      'libcudnn_ops.so.98',
      ...[...names].sort(),
    ]);
    expect(await binding()).toEqual([...names].sort());
    expect(await readlink(join(root, 'bin', names[1]))).toBe(join(machine.folder, names[1]));
    expect((await readFile(join(root, 'bin', names[1]))).equals(provider())).toBe(true);
    expect(stdout).toContain('Installed and verified, for onnxruntime-node 1.30.0');
    expect(stdout).toContain(`libcudart.so.99       ${join(machine.folder, 'libcudart.so.99')}`);
    expect(stdout).toContain("Install NVIDIA's driver: it brings libcuda-made-up.so.1.\n");
    expect(stdout.match(/NOT FOUND/g)).toHaveLength(1);
    expect(stdout).not.toContain('libc.so');
    await put('system/libcuda-made-up.so.1');
    expect((await setup()).stdout).toContain('Everything is found. Use it with PROVIDER=cuda');
  });

  it('fetches once, links anew after npm ci without fetching, and fetches anew with --force or where a library is cut', async () => {
    await setup();
    const fetched = () => feed.requests.filter(({ path }) => path.endsWith('.nupkg')).length;
    await rm(join(root, 'bin'), { recursive: true });
    await mkdir(join(root, 'bin'));
    expect((await setup()).stdout).toContain('Already there');
    expect(await binding()).toEqual([...names].sort());
    expect([fetched(), requested.length]).toEqual([1, 2]);
    await setup('--force');
    expect([fetched(), requested.length]).toEqual([2, 4]);
    await put(`cuda/${names[1]}`, Buffer.from('cut off'));
    await setup();
    expect(fetched()).toBe(3);
    expect((await readFile(join(root, 'bin', names[1]))).equals(provider())).toBe(true);
  });

  it('takes wheels, packages and folders by --from, in any depth, and fetches nothing', async () => {
    const nupkg = await put('usb/ort.nupkg', zip(goodFiles));
    await put('usb/wheels/cudart.whl', cudart);
    await put('toolkit/lib64/libcudnn.so.98.1.0');
    await symlink('libcudnn.so.98.1.0', join(root, 'toolkit/lib64/libcudnn.so.98'));
    const { exitCode, stdout } = await setup(
      '--from',
      nupkg,
      '--from',
      join(root, 'usb/wheels'),
      '--from',
      join(root, 'toolkit'),
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/libcudart\.so\.99 +cudart\.whl\n/);
    expect(stdout).toMatch(/libcudnn\.so\.98 +libcudnn\.so\.98\n/);
    expect(stdout.match(/NOT FOUND/g)).toHaveLength(1);
    expect([feed.requests, requested]).toEqual([[], []]);
  });

  it("names each library that is missing, cuDNN's too, which nothing links, and the folder where one is", async () => {
    await put('opt/cuda-12.8/lib64/libcudart.so.99');
    const { exitCode, stdout } = await setup('--provider-only');
    expect(exitCode).toBe(0);
    expect(requested).toEqual([]);
    expect(stdout).toContain(`LD_LIBRARY_PATH before Kinora starts: ${join(root, 'opt/cuda-12.8/lib64')}`);
    expect(stdout).toMatch(/Missing: libcudnn\.so\.98\./);
  });

  it.each([
    [
      'a provider of another version',
      () => put('from/a.nupkg', zip(new Map([...goodFiles, [inPackage(names[1]), provider('1.29.0')]]))),
      /The CUDA provider of a\.nupkg is not of ONNX Runtime 1\.30\.0/,
    ],
    [
      'libraries of another major version of CUDA',
      async () => {
        await put('from/a.nupkg', zip(goodFiles));
        await put('from/cudart.whl', wheel({ 'lib/libcudart.so.12': fakeElf() }));
      },
      /needs libcudart\.so\.99, and libcudart\.so\.12 came from cudart\.whl/,
    ],
    [
      'a wheel whose list has another checksum',
      async () => {
        await put('from/a.nupkg', zip(goodFiles));
        await put('from/b.whl', wheel({ 'lib/libcudart.so.99': fakeElf() }, ['lib/libcudart.so.99']));
      },
      /libcudart\.so\.99 of .*b\.whl has the wrong checksum/,
    ],
    ['no provider', () => put('from/cudart.whl', cudart), /It is in the wheel onnxruntime_gpu-1\.30\.0-\*\.whl/],
    ['what is no archive', () => put('from/a.whl', Buffer.from('text')), /a\.whl can't be unpacked/],
  ])('links nothing of %s, and says why', async (_, prepare, message) => {
    await prepare();
    const { exitCode, stderr } = await setup('--from', join(root, 'from'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(message) });
    expect(await binding()).toEqual([]);
    // What is left there does not count as installed.
    expect((await setup()).stdout).toContain('Installed and verified');
  });

  it.each([
    [
      'a wrong checksum',
      () => Object.assign(feed, { content: Buffer.alloc(feed.promised.length) }),
      'wrong checksum',
      [],
    ],
    ['a package that is not there', () => Object.assign(machine, missingPackage()), 'was not published', []],
    ['a feed that is none', () => Object.assign(machine, otherFeed('/flat/package.nupkg')), 'NuGet v3 feed', []],
    [
      'a path that is not there',
      () => rm(join(root, 'nothing'), { force: true }),
      'is not there',
      ['--from', 'nothing'],
    ],
  ])('installs nothing after %s', async (_, spoil, message, argv) => {
    await spoil();
    const { exitCode, stderr } = await setup(...argv);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(message) });
    expect(await binding()).toEqual([]);
    expect(existsSync(machine.folder)).toBe(false);
  });

  it.each([
    ['lacks a library', new Map([[inPackage(names[0]), fakeElf()]]), /libonnxruntime_providers_cuda\.so of ONNX/],
    [
      'holds another machine’s',
      new Map([...goodFiles, [inPackage(names[1]), fakeElf({ machine: 183 })]]),
      /x64 library/,
    ],
    ['climbs out of its folder', new Map([...goodFiles, ['../../evil.so', fakeElf()]]), /can't be unpacked/],
    ['holds no library', new Map([...goodFiles, [inPackage(names[1]), Buffer.from('text')]]), /can't be used/],
  ])('links nothing of a package that %s', async (_, files, message) => {
    await useFeed(files);
    const { exitCode, stderr } = await setup();
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(message) });
    expect(await binding()).toEqual([]);
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
    expect(manifest.feed).toMatch(/^https:\/\/api\.nuget\.org\//);
    expect(manifest.folder).toMatch(/onnxruntime-node\/bin\/napi-v6\/linux\/x64$/);
  });

  it('knows where each of NVIDIA’s wheels is, under its checksum', () => {
    for (const { file, url, digest } of cudaWheels) {
      expect(url).toMatch(/^https:\/\/files\.pythonhosted\.org\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\//);
      expect(url.endsWith(`/${file}`)).toBe(true);
      expect(digest.hex).toMatch(/^[0-9a-f]{64}$/);
    }
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
