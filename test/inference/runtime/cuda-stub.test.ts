import { execFile } from 'node:child_process';
import { rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkCuda } from '../../../src/cli/doctor/check-cuda.ts';
import { checkProviders } from '../../../src/cli/doctor/check-providers.ts';
import { findNeeded } from '../../../src/hub/cuda/install-cuda.ts';
import { readCards } from '../../../src/hub/cuda/nvidia-smi.ts';
import type { UnetProbe } from '../../../src/inference/pipeline/probe-unet.ts';
import type { CudaGraph } from '../../../src/inference/pipeline/types.ts';
import { probeProvider } from '../../../src/worker/probe-provider.ts';
import type { Placed, PlaceOrder } from '../../support/cuda-stub/place.ts';
import {
  buildCudaStub,
  bundleIntoStub,
  type CudaStub,
  cudaProviderFolder,
  providerFiles,
  stubLibraries,
  whyNoCudaStub,
} from '../../support/cuda-stub.ts';
import { goldenPath } from '../../support/golden.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const why = whyNoCudaStub(process.env);
const reason = why === undefined ? '' : ` (skipped: ${why})`;

/** In the checkout, so that programs there find the other packages. */
const folder = resolve(`out/test-cuda-${process.pid}`);
let stub: CudaStub;
/** The programs that run on the stub. */
let programs: Record<'place' | 'clip' | 'probe', string>;

/** Few variables, as a render process has; no libraries but the stub's. */
const environmentWith = (libraries: string) => ({
  PATH: process.env.PATH,
  LD_LIBRARY_PATH: libraries,
  CUDA_DIR: join(folder, 'none'),
});

/** The stub's libraries but for one. */
function librariesWithout(missing: string): string {
  const libraries = tempFolder();
  for (const name of stubLibraries)
    if (name !== missing) symlinkSync(join(stub.libraries, name), join(libraries, name));
  return libraries;
}

/** Runs a program on the stub; what it writes. */
async function runOnStub(program: string, words: readonly string[], added: Readonly<Record<string, string>> = {}) {
  const options = { env: { ...environmentWith(stub.libraries), ...added }, maxBuffer: 2 ** 24 };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words], options);
  return stdout;
}

/** Has a process make networks of these models, and run them, while the stub keeps its journal. */
async function place(orders: readonly PlaceOrder[]): Promise<Placed[]> {
  const file = join(folder, 'orders.json');
  writeFileSync(file, JSON.stringify(orders));
  const lines = await runOnStub(programs.place, [file], { CUDA_STUB_JOURNAL: join(folder, 'journal') });
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Placed);
}

describe.skipIf(why !== undefined)(`ONNX Runtime's own CUDA provider, on a card that computes nothing${reason}`, () => {
  /** What became of each network: all of one process, since starting one with the provider takes longer than a session. */
  let placed: { large: Placed | undefined; all: Placed[]; refused: Placed | undefined };

  beforeAll(async () => {
    stub = buildCudaStub(folder, process.env);
    const sources = ['test/support/cuda-stub/place.ts', 'test/support/cuda-stub/clip.ts', 'src/worker/probe-child.ts'];
    const [place = '', clip = '', probe = ''] = await bundleIntoStub(stub, sources);
    programs = { place, clip, probe };
  });
  beforeAll(async () => {
    const step = {
      modelDir: inject('tinyModel'),
      precisions: ['float16'],
      networks: ['unet-step'],
    } satisfies Partial<PlaceOrder>;
    const large: PlaceOrder = {
      ...step,
      settings: { width: 1024, height: 1024, numFrames: 2 },
      cudaGraphs: ['channels-last'],
      isRun: true,
    };
    const sizes = { width: 64, height: 48, numFrames: 3, decodeChunkSize: 3 };
    const all = { settings: sizes, isRun: true } satisfies Partial<PlaceOrder>;
    // Its networks have every kind of node that those of other models have, in each form and precision.
    const whole: PlaceOrder = {
      ...all,
      modelDir: goldenPath('models/tiny-a'),
      precisions: ['float16', 'float32'],
      cudaGraphs: ['channels-last', 'plain'],
    };
    // What the doctor tries cards with, as they are used. Its groups have an odd number of channels.
    const demo: PlaceOrder = {
      ...all,
      modelDir: 'models/demo',
      precisions: ['float16'],
      cudaGraphs: ['channels-last'],
    };
    const [first, ...rest] = await place([large, whole, demo]);
    placed = { large: first, refused: rest.pop(), all: rest };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('takes every node of every network, in both forms and precisions, and runs them', () => {
    const { all, refused } = placed;
    expect(refused?.error).toMatch(/fallback to CPU EP has been explicitly disabled/);
    expect(all.filter(({ error }) => error !== undefined)).toEqual([]);
    const networks = ['image-encoder', 'vae-encoder', 'unet-conditioning', 'unet-step', 'vae-decoder'];
    expect(all.map(({ network }) => network)).toEqual(Array.from({ length: 5 }, () => networks).flat());
    expect(all.every(({ runSeconds }) => runSeconds !== undefined)).toBe(true);
  });

  it('turns the kernels of convolutions on the card, when the session is made', () => {
    const [last, plain] = (['channels-last', 'plain'] as const).map((form) =>
      placed.all.find(
        ({ network, precision, cudaGraph }) => network === 'unet-step' && precision === 'float16' && cudaGraph === form,
      ),
    );
    // Each makes place for one that lies channels last.
    expect(last?.replacedBytes).toBeGreaterThanOrEqual(last?.kernelBytes ?? 0);
    expect(last?.kernelBytes).toBeGreaterThan(100_000);
    expect(plain?.replacedBytes).toBeLessThan(1000);
  });

  it('takes no more of the card for the second run than for the first', () => {
    const { large } = placed;
    expect(large?.firstRunBytes).toBeGreaterThan(large?.activationBytes ?? 0);
    expect(large?.peakBytes).toBe(large?.firstRunBytes);
  });

  it('makes a whole clip, with as many frames decoded together as the card is said to hold', async () => {
    const words = [inject('tinyModel'), String(750e6 + 2 ** 20)];
    const clip = JSON.parse(await runOnStub(programs.clip, words));
    expect(clip).toMatchObject({ provider: 'cuda', frames: 2, decodeChunkSize: 1, decodeSteps: 2 });
    expect(clip.lines).toEqual([
      expect.stringMatching(/ of the card's 751 MB .*MEMORY_MODE=/),
      'The card takes 1 frames at most; 1 are decoded together.',
      ...clip.lines.slice(2),
    ]);
  });

  it.for(stubLibraries)('is said by the doctor to lack %s, where that alone is missing', async (soname, { skip }) => {
    const from = resolve(cudaProviderFolder(process.env));
    const libraries = librariesWithout(soname);
    const installed = tempFolder();
    for (const name of providerFiles) symlinkSync(join(from, name), join(installed, name));
    const list = providerFiles.map((name) => ({
      name,
      sizeBytes: statSync(join(from, name)).size,
      sha256: '',
      origin: '',
    }));
    writeFileSync(join(installed, 'cuda.json'), JSON.stringify({ onnxruntime: '1.30.0', libraries: list }));
    const places = { libraryPath: libraries, driver: 'libcuda.so.1', opened: ['libcudnn.so.9'], hintRoots: [] };
    const ofSystem = await findNeeded(installed, { ...places, libraryPath: undefined });
    skip(
      ofSystem.some((found) => found.soname === soname && found.path !== undefined),
      `the system has ${soname}`,
    );
    const findings = await checkCuda('cuda', {
      manifest: () => ({ version: '1.30.0', folder: '', feed: '', package: { id: '', version: '' } }),
      places,
      folder: installed,
      cards: async () => readCards('NVIDIA H100 80GB HBM3, 81559, 9.0, 580.95.05\n'),
    });
    expect(findings[1]).toMatchObject({ check: 'cuda libraries', verdict: 'fails', facts: { missing: [soname] } });
    expect(findings[1]?.text).toContain(`missing: ${soname}. `);
  });

  describe("by the doctor's trial of providers", () => {
    /** The lines about CUDA, for a machine with these libraries and variables besides. */
    async function tried(libraries: string, added: Readonly<Record<string, string>> = {}) {
      const environment = { ...environmentWith(libraries), ...added };
      // One process for each form of the graph: what a library that is missing says of one precision, it says of the other.
      const trials = new Map<CudaGraph | undefined, Promise<UnetProbe>>();
      const { findings } = await checkProviders({
        modelDir: inject('tinyModel'),
        execution: { provider: 'cuda' },
        probe: async (request) => {
          // Only CUDA is of interest; the others answer at once.
          if (request.provider !== 'cuda') return { output: Float32Array.of(1, -1), loadSeconds: 0, callSeconds: 1 };
          const { signal } = new AbortController();
          const entry = pathToFileURL(programs.probe);
          const trial =
            trials.get(request.cudaGraph) ?? probeProvider(request, { environment, signal, timeoutMs: 300_000, entry });
          trials.set(request.cudaGraph, trial);
          return trial;
        },
      });
      return findings.filter(({ check }) => check.startsWith('cuda'));
    }

    it('is said to have no device, where there is no card', async () => {
      const findings = await tried(stub.libraries, { CUDA_STUB_DEVICES: '0' });
      expect(findings).toMatchObject([{ check: 'cuda', verdict: 'fails' }]);
      expect(findings[0]?.text).toContain('There is no CUDA device.');
    });

    it('is said to need cuDNN, where that is missing, which the provider opens at the first convolution', async () => {
      const findings = await tried(librariesWithout('libcudnn.so.9'));
      expect(findings.length).toBe(4);
      for (const { text } of findings) expect(text).toContain('cuDNN 9 (libcudnn.so.9) is missing');
    });
  });
});
