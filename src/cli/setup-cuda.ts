import { type CudaWheel, cudaWheels } from '../hub/cuda/cuda-wheels.ts';
import { findNeeded, type InstalledCuda, installCuda } from '../hub/cuda/install-cuda.ts';
import { type FoundLibrary, type LibraryPlaces, systemPlaces } from '../hub/cuda/native-libraries.ts';
import { type CudaManifest, readCudaManifest } from '../hub/cuda/runtime-package.ts';
import { realDisk } from '../hub/disk.ts';
import { createHttpClient } from '../hub/http-client.ts';
import { cudaFolder } from '../util/cuda-folder.ts';
import { formatBytes } from '../util/format-bytes.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';
import { createTransferProgress, downloadRetry, formatDuration, idleTimeoutMs } from './transfer-progress.ts';
import { usageError } from './usage-error.ts';

const line = {
  name: 'kinora setup cuda',
  about:
    'Brings the CUDA provider that belongs to the installed onnxruntime-node, and the libraries of CUDA 13 and cuDNN 9 ' +
    "that it needs, into one folder of Kinora's own (Linux on x64): beside it only NVIDIA's driver is needed. Each file " +
    'is held against its checksum.',
  options: {
    from: {
      value: 'PATH',
      isMany: true,
      help:
        'take the libraries from there and fetch nothing: a wheel (onnxruntime_gpu-*.whl, nvidia_*.whl), a .nupkg, or a ' +
        'folder with libraries or such files; may be given more than once',
    },
    'provider-only': { help: "fetch the provider alone, for a system that has CUDA's and cuDNN's libraries" },
    force: { help: 'fetch even what is there' },
  },
  notes:
    "The folder is CUDA_DIR, else cuda in Kinora's own; about 2 GB, of which 1.5 GB are fetched. Run it again after npm ci: " +
    'that fetches nothing.',
} as const;

/** What the command asks of the machine; tests put their own in its place. */
export interface SetupCudaMachine {
  manifest: () => CudaManifest;
  places: LibraryPlaces;
  folder: string;
  wheels: readonly CudaWheel[];
}

/** `kinora setup cuda`: the CUDA libraries of ONNX Runtime, which the npm registry does not carry. */
export async function run(argv: string[], io: CliIo, machine = thisMachine(io)): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const { force, from = [], 'provider-only': providerOnly } = given.values;
  if (from.includes('')) throw usageError('--from must name a file or a folder.');
  const manifest = machine.manifest();
  const { folder, places } = machine;
  const progress = createTransferProgress(io.stderr, Date.now);
  const web = createHttpClient({
    fetch,
    retry: downloadRetry,
    signal: io.signal,
    idleTimeoutMs,
    onRetry: ({ address, reason, delayMs }) =>
      progress.note(`${address}: ${reason}; next attempt in ${formatDuration(delayMs / 1000)}.`),
  });
  let installed: InstalledCuda;
  try {
    installed = await installCuda(manifest, {
      folder,
      from,
      wheels: providerOnly ? [] : machine.wheels,
      web,
      disk: realDisk,
      signal: io.signal,
      force,
      places,
      onProgress: progress.update,
    });
  } finally {
    progress.stop();
  }
  io.stdout.write(describeInstalled(installed, manifest, folder));
  const needed = await findNeeded(folder, places);
  io.stdout.write(describeFound(needed, places));
  return 0;
}

function thisMachine({ environment }: CliIo): SetupCudaMachine {
  return {
    manifest: () => readCudaManifest(process.platform, process.arch),
    places: systemPlaces(environment.LD_LIBRARY_PATH),
    folder: cudaFolder(environment),
    wheels: cudaWheels,
  };
}

function describeInstalled({ changed, libraries }: InstalledCuda, { version }: CudaManifest, folder: string): string {
  const what = changed ? 'Installed and verified' : 'Already there (--force fetches anew)';
  const bytes = libraries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const width = Math.max(...libraries.map(({ name }) => name.length));
  const lines = libraries.map(({ name, origin }) => `  ${name.padEnd(width)}  ${origin}\n`);
  return `${what}, for onnxruntime-node ${version}, ${formatBytes(bytes)} in ${folder}:\n${lines.join('')}`;
}

function describeFound(libraries: readonly FoundLibrary[], places: LibraryPlaces): string {
  const width = Math.max(...libraries.map(({ soname }) => soname.length));
  const lines = libraries.map(({ soname, path, hint }) => {
    const where = path ?? (hint === undefined ? 'NOT FOUND' : `NOT FOUND by the loader, but it is in ${hint}`);
    return `  ${soname.padEnd(width)}  ${where}\n`;
  });
  return `It needs:\n${lines.join('')}${advice(libraries, places)}`;
}

/** What to do about libraries that are not found. */
function advice(libraries: readonly FoundLibrary[], { driver }: LibraryPlaces): string {
  const missing = libraries.filter(({ path }) => path === undefined);
  if (missing.length === 0) return 'Everything is found. Use it with PROVIDER=cuda; kinora doctor tries it.\n';
  const sentences: string[] = [];
  const hints = new Set(missing.flatMap(({ hint }) => (hint === undefined ? [] : [hint])));
  if (hints.size > 0) sentences.push(`Add to LD_LIBRARY_PATH before Kinora starts: ${[...hints].join(':')}`);
  const absent = missing.filter(({ hint }) => hint === undefined).map(({ soname }) => soname);
  if (absent.includes(driver)) sentences.push(`Install NVIDIA's driver: it brings ${driver}.`);
  const runtime = absent.filter((soname) => soname !== driver);
  if (runtime.length > 0) {
    sentences.push(
      `Missing: ${runtime.join(', ')}. kinora setup cuda without --from and --provider-only fetches them; or name what has them by --from, beside the provider.`,
    );
  }
  return `${sentences.join('\n')}\nUntil then PROVIDER=cuda fails, and PROVIDER=auto takes the CPU.\n`;
}
