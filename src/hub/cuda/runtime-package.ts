import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { providerLibraries } from './library-sources.ts';
import type { PackageName } from './nuget-package.ts';

/** What the installed onnxruntime-node says of the CUDA libraries that belong to it. */
export interface CudaManifest {
  /** Of onnxruntime-node; the libraries must be of the same. */
  version: string;
  /** The folder of the native binding, where the libraries go. */
  folder: string;
  /** Index of the NuGet feed. */
  feed: string;
  package: PackageName;
}

const packageJson = z.object({ version: z.string() });

/** `script/install-metadata.js` of onnxruntime-node, which its own install script works from. */
const installMetadata = z.object({
  requirements: z.record(z.string(), z.array(z.string())),
  manifests: z.record(z.string(), z.record(z.string(), z.object({ package: z.string() }))),
  packages: z.record(
    z.string(),
    z.object({ name: z.string(), versions: z.array(z.object({ feed: z.string(), version: z.string() })) }),
  ),
  feeds: z.record(z.string(), z.object({ type: z.string(), index: z.url() })),
});

/**
 * Reads the CUDA manifest of the installed onnxruntime-node for a platform.
 * @throws ConfigError `platform-unsupported` no CUDA libraries are published for it
 */
export function readCudaManifest(platform: string, architecture: string): CudaManifest {
  const require = createRequire(import.meta.url);
  const root = dirname(require.resolve('onnxruntime-node/package.json'));
  const { version } = packageJson.parse(require(join(root, 'package.json')));
  const metadata = installMetadata.parse(require(join(root, 'script/install-metadata.js')));
  const system = `${platform}/${architecture}`;
  const name = metadata.requirements[system]?.find((requirement) => requirement.startsWith('cuda'));
  const manifest = metadata.manifests[`${system}:${name}`];
  if (name === undefined || manifest === undefined) {
    const message = `onnxruntime-node has CUDA libraries for Linux on x64 alone, and this is ${system}. Use PROVIDER=webgpu or PROVIDER=cpu here.`;
    throw new ConfigError('platform-unsupported', message);
  }
  const sources = new Set(providerLibraries.map((library) => manifest[`./${library}`]?.package));
  const [source = ''] = sources;
  const found = sources.size === 1 ? metadata.packages[source] : undefined;
  const [release] = found?.versions ?? [];
  const feed = release === undefined ? undefined : metadata.feeds[release.feed];
  if (found === undefined || release === undefined || feed === undefined) throw unknownMetadata(version);
  return {
    version,
    folder: join(root, 'bin/napi-v6', system),
    feed: feed.index,
    package: { id: found.name, version: release.version },
  };
}

function unknownMetadata(version: string): ConfigError {
  return new ConfigError(
    'platform-unsupported',
    `onnxruntime-node ${version} does not say where its CUDA libraries are.`,
  );
}
