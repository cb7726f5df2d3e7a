import { type InstalledProvider, installProvider } from '../hub/cuda/install-provider.ts';
import { type FoundLibrary, findLibraries, type LibraryPlaces, systemPlaces } from '../hub/cuda/native-libraries.ts';
import { type CudaManifest, readCudaManifest } from '../hub/cuda/runtime-package.ts';
import { realDisk } from '../hub/disk.ts';
import { createHttpClient } from '../hub/http-client.ts';
import { formatBytes } from '../util/format-bytes.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';
import { createTransferProgress, downloadRetry, formatDuration, idleTimeoutMs } from './transfer-progress.ts';

const line = {
  name: 'kinora setup cuda',
  about:
    'Fetches the CUDA provider that belongs to the installed onnxruntime-node (Linux on x64), puts it beside the binding ' +
    'and tells which CUDA and cuDNN libraries it needs and where they are.',
  options: { force: { help: 'fetch it even if it is there' } },
} as const;

/** Libraries of the system itself, which are there wherever Node runs. */
const systemLibraries = /^(libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+|ld-linux-x86-64)\.so/;

/** What the command asks of the machine; tests put their own in its place. */
export interface SetupCudaMachine {
  manifest: () => CudaManifest;
  places: LibraryPlaces;
}

/** `kinora setup cuda`: the CUDA libraries of ONNX Runtime, which the npm registry does not carry. */
export async function run(argv: string[], io: CliIo, machine = thisMachine(io)): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const { force } = given.values;
  const manifest = machine.manifest();
  const progress = createTransferProgress(io.stderr, Date.now);
  const web = createHttpClient({
    fetch,
    retry: downloadRetry,
    signal: io.signal,
    idleTimeoutMs,
    onRetry: ({ address, reason, delayMs }) =>
      progress.note(`${address}: ${reason}; next attempt in ${formatDuration(delayMs / 1000)}.`),
  });
  let installed: InstalledProvider;
  try {
    const { signal } = io;
    installed = await installProvider(manifest, { web, disk: realDisk, signal, force, onProgress: progress.update });
  } finally {
    progress.stop();
  }
  io.stdout.write(describeInstalled(installed, manifest));
  io.stdout.write(describeFound(await findNeeded(installed, machine.places), machine.places.driver));
  return 0;
}

function thisMachine({ environment }: CliIo): SetupCudaMachine {
  return {
    manifest: () => readCudaManifest(process.platform, process.arch),
    places: systemPlaces(environment.LD_LIBRARY_PATH),
  };
}

/** What the libraries need besides each other and the system, and the driver; as the loader finds it. */
async function findNeeded({ libraries }: InstalledProvider, places: LibraryPlaces): Promise<FoundLibrary[]> {
  const own = new Set(libraries.map(({ name }) => name));
  const found = new Map<string, FoundLibrary>();
  for (const { path } of libraries) {
    for (const library of await findLibraries(path, places)) found.set(library.soname, library);
  }
  return [...found.values()].filter(({ soname }) => {
    // The binding has loaded ONNX Runtime's own library before the provider asks for it.
    return !own.has(soname) && !systemLibraries.test(soname) && !soname.startsWith('libonnxruntime');
  });
}

function describeInstalled({ fetched, libraries }: InstalledProvider, { version, folder }: CudaManifest): string {
  const what = fetched ? 'Fetched and verified' : 'Already there (--force fetches anew)';
  const lines = libraries.map(({ name, sizeBytes }) => `  ${name}  ${formatBytes(sizeBytes)}\n`);
  return `${what}, for onnxruntime-node ${version}, in ${folder}:\n${lines.join('')}`;
}

function describeFound(libraries: readonly FoundLibrary[], driver: string): string {
  const versionOf = (stem: string) =>
    libraries
      .map(({ soname }) => new RegExp(`^${stem}\\.so\\.(\\d+)`).exec(soname)?.[1])
      .find((match) => match !== undefined);
  const [cuda, cudnn] = [versionOf('libcudart'), versionOf('libcudnn')];
  const width = Math.max(...libraries.map(({ soname }) => soname.length));
  const lines = libraries.map(({ soname, path, hint }) => {
    const where = path ?? (hint === undefined ? 'NOT FOUND' : `NOT FOUND by the loader, but it is in ${hint}`);
    return `  ${soname.padEnd(width)}  ${where}\n`;
  });
  const linked = `It links CUDA ${cuda ?? '(not named)'} and cuDNN ${cudnn ?? '(not named)'}:\n${lines.join('')}`;
  return `${linked}${advice(libraries, { cuda, cudnn, driver })}`;
}

function advice(
  libraries: readonly FoundLibrary[],
  { cuda, cudnn, driver }: { cuda: string | undefined; cudnn: string | undefined; driver: string },
): string {
  const missing = libraries.filter(({ path }) => path === undefined);
  if (missing.length === 0) return 'Everything is found. Use it with PROVIDER=cuda.\n';
  const sentences: string[] = [];
  const hints = new Set(missing.flatMap(({ hint }) => (hint === undefined ? [] : [hint])));
  if (hints.size > 0) sentences.push(`Add to LD_LIBRARY_PATH before Kinora starts: ${[...hints].join(':')}`);
  const absent = missing.filter(({ hint }) => hint === undefined).map(({ soname }) => soname);
  if (absent.includes(driver)) sentences.push(`Install NVIDIA's driver: it brings ${driver}.`);
  const runtime = absent.filter((soname) => soname !== driver);
  if (runtime.length > 0) {
    sentences.push(
      `Install the CUDA ${cuda ?? ''} runtime libraries and cuDNN ${cudnn ?? ''} for it: they bring the rest.`,
    );
  }
  return `${sentences.join('\n')}\nUntil then PROVIDER=cuda fails, and PROVIDER=auto takes the CPU.\n`;
}
