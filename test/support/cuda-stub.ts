import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

// ONNX Runtime's real CUDA provider on a machine without a card: cuda-stub/*.c become libraries in the places of CUDA's and
// cuDNN's, in which every call succeeds and nothing is computed. What can be seen so is whatever the provider decides
// before it computes: which graphs it takes, where it places their nodes, how much of the card's memory it asks for.

const packageRoot = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
const bindingPath = join('bin/napi-v6', process.platform, process.arch);
const provider = 'libonnxruntime_providers_cuda.so';

/** The files of the provider. */
export const providerFiles: readonly string[] = [provider, 'libonnxruntime_providers_shared.so'];
const sources = resolve(import.meta.dirname, 'cuda-stub');

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where `.ci/run` keeps the provider of the installed onnxruntime-node: CUDA_PROVIDER_DIR, else a folder of the user's
 * cache, which cleaning the checkout leaves alone.
 */
export function cudaProviderFolder({ CUDA_PROVIDER_DIR: named, XDG_CACHE_HOME: cache }: Environment): string {
  return named || join(cache || join(homedir(), '.cache'), 'kinora', `onnxruntime-gpu-${version}`);
}

/** Why the stub cannot be used on this machine; undefined where it can. */
export function whyNoCudaStub(environment: Environment): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'ONNX Runtime has a CUDA provider for Linux on x64 alone';
  const folder = cudaProviderFolder(environment);
  const missing = providerFiles.find((name) => !existsSync(join(folder, name)));
  if (missing !== undefined) return `${missing} of onnxruntime-gpu ${version} is not in ${folder}; .ci/run fetches it`;
  return ['gcc', 'nm'].map(whyNoProgram).find((reason) => reason !== undefined);
}

function whyNoProgram(name: string): string | undefined {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${name} is not installed`;
  }
}

/** A folder in which programs find the real provider and the stub's libraries. */
export interface CudaStub {
  /** Programs that lie here get onnxruntime-node with the CUDA provider. */
  folder: string;
  /** The stub's libraries, for LD_LIBRARY_PATH. */
  libraries: string;
}

/** Builds the stub's libraries, and lays the provider beside a copy of onnxruntime-node's binding. */
export function buildCudaStub(folder: string, environment: Environment): CudaStub {
  const from = resolve(cudaProviderFolder(environment));
  const libraries = join(folder, 'lib');
  mkdirSync(libraries, { recursive: true });
  compileLibraries(join(from, provider), libraries);
  const copy = join(folder, 'node_modules/onnxruntime-node');
  const binding = join(copy, bindingPath);
  mkdirSync(binding, { recursive: true });
  for (const name of ['package.json', 'dist']) cpSync(join(packageRoot, name), join(copy, name), { recursive: true });
  for (const name of ['onnxruntime_binding.node', 'libonnxruntime.so.1']) {
    linkOrCopy(join(packageRoot, bindingPath, name), join(binding, name));
  }
  for (const name of providerFiles) symlinkSync(join(from, name), join(binding, name));
  return { folder, libraries };
}

/** Links where both are on one disk: ONNX Runtime looks for its providers in the folder that it was opened from. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** The libraries that the provider links, what each of them is made of, and cuDNN, which it opens by name. */
const libraryOf = [
  { soname: 'libcudart.so.13', source: 'runtime.c' },
  { soname: 'libcublas.so.13', source: 'products.c' },
  { soname: 'libcublasLt.so.13', source: 'products.c' },
  { soname: 'libcurand.so.10' },
  { soname: 'libcuda.so.1' },
  { soname: 'libcudnn.so.9', source: 'cudnn.c' },
] as const;

/** The stub's libraries, as the loader asks for them. */
export const stubLibraries: readonly string[] = libraryOf.map(({ soname }) => soname);

function compileLibraries(providerPath: string, folder: string): void {
  const wanted = wantedFunctions(providerPath);
  for (const { soname, ...made } of libraryOf) {
    const code = 'source' in made ? readFileSync(join(sources, made.source), 'utf8') : '';
    const names = (wanted.get(soname) ?? []).filter((name) => !code.includes(`${name}(`));
    const path = join(folder, `${soname}.c`);
    const rest = names.map((name) => `int ${name}(void) { return 0; }\n`).join('');
    writeFileSync(path, `${code}\n${rest}`);
    // Functions have the version that the provider asks for; the driver's have none.
    const script = join(folder, `${soname}.map`);
    writeFileSync(script, `${soname} { global: *; };\n`);
    const versioned = soname === 'libcuda.so.1' || soname === 'libcudnn.so.9' ? [] : [`-Wl,--version-script=${script}`];
    const output = join(folder, soname);
    execFileSync('gcc', ['-w', '-O1', '-shared', '-fPIC', `-Wl,-soname,${soname}`, ...versioned, '-o', output, path]);
  }
}

/** The functions that the provider asks each library for: linked ones carry their library's name, cuDNN's are looked up by theirs. */
function wantedFunctions(path: string): Map<string, string[]> {
  const symbols = execFileSync('nm', ['-D', '--undefined-only', path], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  const wanted = new Map<string, string[]>();
  const add = (soname: string, name: string) => wanted.set(soname, [...(wanted.get(soname) ?? []), name]);
  for (const [, name = '', soname] of symbols.matchAll(/ U (\w+)(?:@(lib\S+))?$/gm)) {
    if (soname !== undefined) add(soname, name);
    else if (/^cu[A-Z]/.test(name)) add('libcuda.so.1', name);
  }
  for (const name of cudnnNames(path)) add('libcudnn.so.9', name);
  return wanted;
}

/** Names stand in the library as texts with a zero at either end. It is large: it is read in pieces, into one buffer. */
function cudnnNames(path: string): Set<string> {
  const names = new Set<string>();
  const longest = 100;
  const piece = Buffer.allocUnsafe(2 ** 20);
  const file = openSync(path, 'r');
  for (let from = 0; ; from += piece.length - longest) {
    const bytes = piece.subarray(0, readSync(file, piece, 0, piece.length, from));
    for (let at = bytes.indexOf('\0cudnn'); at >= 0; at = bytes.indexOf('\0cudnn', at + 1)) {
      const [, name] = /^\0(cudnn[A-Z][A-Za-z]+)\0/.exec(bytes.toString('latin1', at, at + longest)) ?? [];
      if (name !== undefined) names.add(name);
    }
    if (bytes.length < piece.length) break;
  }
  closeSync(file);
  return names;
}

/** Makes one JavaScript file of each program and all that it imports, in the stub's folder; their paths. */
export async function bundleIntoStub({ folder }: CudaStub, sources: readonly string[]): Promise<string[]> {
  await build({
    entryPoints: [...sources],
    outdir: folder,
    entryNames: '[name]',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return sources.map((source) => join(folder, basename(source).replace(/ts$/, 'js')));
}
