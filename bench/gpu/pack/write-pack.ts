import { execFile } from 'node:child_process';
import { cpSync, createWriteStream } from 'node:fs';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { listLibraries, providerLibraries } from '../../../src/hub/cuda/library-sources.ts';
import { cudaFolder } from '../../../src/util/cuda-folder.ts';
import { copyPackages } from './node-packages.ts';
import { writeChecksums, writePieces } from './pieces.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What is started on the machine, directly or as a child process; everything that these import is compiled. */
const programs = [
  'src/main.ts',
  'src/worker/child.ts',
  'src/worker/probe-child.ts',
  'src/worker/check-child.ts',
  'bench/gpu.ts',
  'bench/gpu/child.ts',
  'bench/gpu/pack/set-up-cuda.ts',
];

/** What those read besides. */
const data = [
  'package.json',
  'models/demo',
  'models/upscale',
  'assets/rocket.jpg',
  'reference/time_networks.py',
  'LICENSE',
];

interface PackOptions {
  /** Wheels or folders that have the CUDA provider, and CUDA's libraries; none: Kinora's own folder of them. */
  from: readonly string[];
  /** Packs CUDA's and cuDNN's libraries too. */
  withCuda: boolean;
  environment: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  tell: (line: string) => void;
}

const run = promisify(execFile);

/**
 * Writes into a folder what a bare machine (x86-64 Linux with NVIDIA's driver, no network) needs to measure: compressed
 * pieces, their checksums, and run.sh.
 * @throws Error the folder holds something else, or the CUDA provider is nowhere
 */
export async function writePack(target: string, options: PackOptions): Promise<void> {
  const { signal, tell } = options;
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('Packs are made on Linux on x64.');
  await mkdir(target, { recursive: true });
  if ((await readdir(target)).length > 0) throw new Error(`${target} is not empty.`);
  const staging = await mkdtemp(join(dirname(target), '.kinora-pack-'));
  try {
    const place = (name: string) => join(staging, name);
    tell('taking the CUDA libraries');
    await takeLibraries(place('provider'), place('cuda'), options);
    tell('compiling');
    await compile(place('base'), staging, signal);
    for (const path of data) await cp(join(root, path), join(place('base'), path), { recursive: true });
    copyPackages(root, place('base'));
    await copyFile(process.execPath, join(place('base'), 'node'));
    await copySystemLibraries(join(place('base'), 'system-libraries'));
    for (const name of ['base', 'provider', ...(options.withCuda ? ['cuda'] : [])]) {
      tell(`packing ${name}`);
      // Unpacked, each lies in a folder of its name.
      await mkdir(join(staging, 'packed'));
      cpSync(place(name), join(staging, 'packed', name), { recursive: true, mode: 1, verbatimSymlinks: true });
      await writePieces(join(staging, 'packed'), { name, target, signal });
      await rm(join(staging, 'packed'), { recursive: true });
    }
    await copyFile(join(root, 'bench/gpu/pack/run.sh'), join(target, 'run.sh'));
    await chmod(join(target, 'run.sh'), 0o755);
    await writeChecksums(target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  const sizes = await Promise.all((await readdir(target)).map(async (name) => (await stat(join(target, name))).size));
  const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
  tell(`${sizes.length} files, ${megabytes.toFixed(0)} MB, in ${target}; start run.sh there`);
}

/** JavaScript in the folders of the sources, so that each finds its neighbours. */
async function compile(outDir: string, staging: string, signal: AbortSignal): Promise<void> {
  const config = join(staging, 'tsconfig.json');
  const compilerOptions = { noEmit: false, noCheck: true, rootDir: root, outDir, types: [] };
  const files = programs.map((path) => join(root, path));
  await writeFile(
    config,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, files, include: [] }),
  );
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], { signal }).catch(
    (error: unknown) => {
      // The compiler's complaints go to its standard output.
      const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
      throw new Error(`It does not compile: ${said.slice(0, 1000)}`, { cause: error });
    },
  );
}

/** Takes the provider, and maybe CUDA's libraries, out of wheels and folders. */
async function takeLibraries(
  provider: string,
  cuda: string,
  { from, withCuda, environment }: PackOptions,
): Promise<void> {
  const paths = from.length > 0 ? from : [cudaFolder(environment)];
  await mkdir(provider);
  await mkdir(cuda);
  const taken = new Set<string>();
  for (const path of paths) {
    const { libraries, close } = await listLibraries(path);
    try {
      for (const { name, open } of libraries) {
        const isProvider = providerLibraries.some((library) => library === name);
        if (taken.has(name) || (!isProvider && !withCuda)) continue;
        taken.add(name);
        await pipeline(await open(), createWriteStream(join(isProvider ? provider : cuda, name)));
      }
    } finally {
      close();
    }
  }
  const lacking = providerLibraries.filter((name) => !taken.has(name));
  if (lacking.length === 0) return;
  throw new Error(
    `${lacking.join(' and ')} is in none of ${paths.join(', ')}: run npm run setup:cuda first, or name the wheel onnxruntime_gpu-*.whl by --from.`,
  );
}

/** What Node and ONNX Runtime link besides glibc: for systems without a C++ compiler's libraries. */
async function copySystemLibraries(target: string): Promise<void> {
  const { stdout } = await run('ldd', [process.execPath]);
  await mkdir(target);
  for (const [, path = ''] of stdout.matchAll(/=> (\/\S*\/lib(?:stdc\+\+|gcc_s)\.so\.\d+)/g)) {
    await copyFile(path, join(target, basename(path)));
  }
}
