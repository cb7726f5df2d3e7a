import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { listLibraries } from '../../src/hub/cuda/library-sources.ts';
import { cudaProviderFolder, providerFiles } from './cuda-stub.ts';

// `npx tsx test/support/unpack-provider.ts [WHEEL]`: takes ONNX Runtime's CUDA provider out of a wheel, into the folder where
// the tests look for it. Without a wheel it prints that folder.

const folder = resolve(cudaProviderFolder(process.env));
const [wheel] = process.argv.slice(2);
if (wheel === undefined) {
  console.log(folder);
} else {
  const { libraries, close } = await listLibraries(wheel);
  const begun = `${folder}.new`;
  await rm(begun, { recursive: true, force: true });
  await mkdir(begun, { recursive: true });
  for (const { name, open } of libraries) {
    if (providerFiles.includes(name)) await pipeline(await open(), createWriteStream(join(begun, name)));
  }
  close();
  await rm(folder, { recursive: true, force: true });
  await rename(begun, folder);
}
