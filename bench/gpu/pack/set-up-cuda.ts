/**
 * `node set-up-cuda.js PROVIDER_FOLDER PACKED_FOLDER`, which run.sh of a pack calls: puts the CUDA provider where ONNX Runtime
 * looks for it, and finds CUDA's and cuDNN's libraries for it: those of the system, or of PyTorch's packages, or of the pack.
 */
import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { downloadRetry, idleTimeoutMs } from '../../../src/cli/transfer-progress.ts';
import { findNeeded, installCuda } from '../../../src/hub/cuda/install-cuda.ts';
import { systemPlaces } from '../../../src/hub/cuda/native-libraries.ts';
import { readCudaManifest } from '../../../src/hub/cuda/runtime-package.ts';
import { realDisk } from '../../../src/hub/disk.ts';
import { createHttpClient } from '../../../src/hub/http-client.ts';
import { cudaFolder } from '../../../src/util/cuda-folder.ts';
import { describe } from '../describe.ts';
import { chooseLibraries } from './choose-libraries.ts';

const [provider = '', packed = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const folder = cudaFolder(process.env);
const places = systemPlaces(process.env.LD_LIBRARY_PATH);
const manifest = readCudaManifest(process.platform, process.arch);
const web = createHttpClient({ fetch, retry: downloadRetry, signal, idleTimeoutMs, onRetry() {} });

const chosen = await chooseLibraries({
  candidates: [
    { name: "the system's", folders: [] },
    { name: "PyTorch's", folders: (await pythonFolders()).map((one) => join(one, 'nvidia')).filter(existsSync) },
    { name: "the pack's", folders: [packed].filter(existsSync) },
  ],
  async install(folders) {
    rmSync(folder, { recursive: true, force: true });
    const common = { folder, wheels: [], web, disk: realDisk, signal, force: true, places, onProgress() {} };
    await installCuda(manifest, { ...common, from: [provider, ...folders] });
    const needed = await findNeeded(folder, places);
    // The driver's own library nobody but the driver brings.
    return needed.flatMap(({ soname, path }) => (path === undefined && soname !== places.driver ? [soname] : []));
  },
  tell: (line) => void process.stderr.write(`${line}\n`),
}).catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  return undefined;
});
process.exitCode = chosen === undefined ? 1 : 0;

/** The folders of Python's packages; none where there is no Python. */
function pythonFolders(): Promise<string[]> {
  const program = 'import sys; print("\\n".join(p for p in sys.path if p.endswith("-packages")))';
  return new Promise((answer) => {
    execFile(process.env.BENCH_PYTHON ?? 'python3', ['-c', program], { timeout: 20_000 }, (error, stdout) =>
      answer(error === null ? stdout.trim().split('\n') : []),
    );
  });
}
