import { link, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { findModel } from '../hub/find-model.ts';
import { defaultPrecision, modelTarget } from '../inference/pipeline/build-network.ts';
import { type ExportedNetwork, exportNetworks, type PlacedWeight } from '../inference/pipeline/export-networks.ts';
import { type ModelConfigs, readModelConfigs } from '../inference/pipeline/load-model.ts';
import { checkSettings, modelInfo } from '../inference/pipeline/model-info.ts';
import type { ImageToVideoSettings } from '../inference/pipeline/types.ts';
import { executionSettings } from '../settings/execution.ts';
import { imageToVideo } from '../settings/image-to-video.ts';
import { formatBytes } from '../util/format-bytes.ts';
import { whyNotWritten } from '../util/write-folder.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import { describeExport } from './describe-export.ts';
import type { CliIo } from './io.ts';
import { configuredModel } from './locate-model.ts';
import { openOutputFolder } from './output-file.ts';
import { optionsOf, readSettings } from './setting-options.ts';
import { usageError } from './usage-error.ts';

const { width, height, numFrames, decodeChunkSize, minGuidanceScale, maxGuidanceScale } = imageToVideo;
/** What decides the shapes of the networks. */
const shapeSettings = { width, height, numFrames, decodeChunkSize, minGuidanceScale, maxGuidanceScale };
const { precision, guidanceBatch, feedForwardChunk, cudaGraph } = executionSettings;
const targetSettings = { precision, guidanceBatch, feedForwardChunk, cudaGraph };

/** What the graphs are formed for; there is nothing to try here, so no `auto`. */
const providers = ['cpu', 'cuda', 'webgpu'] as const;

const line = {
  name: 'kinora export onnx',
  usage: '--out DIR [options]',
  about:
    "Writes a model's networks as ONNX files, for one size of clip. The files point into the safetensors files of the " +
    'model, which are linked beside them (hard links: no bytes are copied).',
  options: {
    out: { value: 'DIR', help: "where to write; the model's own folder is allowed, and needs no links" },
    model: { value: 'DIR', help: 'the model (MODEL_DIR, else the only one that was downloaded, else the demo model)' },
    'self-contained': { help: 'copy the weights that each network uses into a file of its own' },
    provider: { value: 'NAME', help: `the provider whose operators are used: ${providers.join(', ')} (cpu)` },
    ...optionsOf(targetSettings),
    ...optionsOf(shapeSettings),
  },
  notes:
    'All inputs and outputs are float32. DIR/ONNX.md says what they are. Weights that lie on another disk cannot be ' +
    'linked: use --self-contained there.',
} as const;

/** ONNX Runtime maps external data into memory where it begins at a multiple of the page size. */
const alignment = 4096;

/** `kinora export onnx`: the compiled networks as files. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const { values } = given;
  if (values.out === undefined || values.out === '') throw usageError('where to? --out DIR names a folder.');
  const provider = providers.find((name) => name === (values.provider ?? 'cpu'));
  if (provider === undefined) {
    throw usageError(`--provider must be one of ${providers.join(', ')}, not "${values.provider}".`);
  }
  const configs = await readModelConfigs(await findModel(values.model ?? (await configuredModel(io)), io));
  const settings = clipSettings(configs, readSettings(shapeSettings, values));
  const execution = readSettings(targetSettings, values);
  const target = modelTarget({
    provider,
    precision: execution.precision ?? defaultPrecision(provider),
    feedForwardChunk: execution.feedForwardChunk,
    cudaGraph: execution.cudaGraph,
  });
  const out = resolve(values.out);
  await openOutputFolder(out);
  const place = values['self-contained'] ? placeInOwnFile() : placeInLinked;
  const networks: ExportedNetwork[] = [];
  for await (const network of exportNetworks(configs, settings, { ...execution, target, place })) {
    io.signal.throwIfAborted();
    const path = join(out, network.path);
    try {
      await mkdir(dirname(path), { recursive: true });
      await (values['self-contained'] ? copyWeights : linkWeights)(dirname(path), network.weights);
      await writeFile(path, network.model);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError('output-unwritable', `${path} cannot be written: ${whyNotWritten(error)}.`, { cause: error });
    }
    networks.push(network);
    const bytes = network.weights.reduce((sum, { from }) => sum + from.sizeBytes, 0);
    io.stdout.write(`${path}  ${formatBytes(network.model.length)}, with ${formatBytes(bytes)} of weights\n`);
  }
  await writeFile(join(out, 'ONNX.md'), describeExport(networks, { configs, settings, target }));
  return 0;
}

function clipSettings(
  configs: ModelConfigs,
  chosen: Partial<Omit<ImageToVideoSettings, 'seed'>>,
): Omit<ImageToVideoSettings, 'seed'> {
  const info = modelInfo(configs);
  const { decodeChunkSize: chunk = info.defaults.decodeChunkSize, ...rest } = { ...info.defaults, ...chosen };
  const settings = { ...rest, decodeChunkSize: Math.min(chunk, rest.numFrames) };
  checkSettings({ ...settings, seed: 0 }, info);
  return settings;
}

/** The safetensors file is linked beside the model, under its own name. */
function placeInLinked(_path: string, { file, offset }: PlacedWeight['from']): PlacedWeight['to'] {
  return { location: basename(file), offset };
}

/** The weights of a model lie one after another in a file that is named after it. */
function placeInOwnFile(): typeof placeInLinked {
  const ends = new Map<string, number>();
  return (path, { sizeBytes }) => {
    const offset = Math.ceil((ends.get(path) ?? 0) / alignment) * alignment;
    ends.set(path, offset + sizeBytes);
    return { location: `${basename(path)}.data`, offset };
  };
}

/**
 * Hard links, since ONNX Runtime refuses symbolic ones that lead out of the model's folder.
 * @throws UserError `output-unwritable` the files lie on another disk, or another file has the name
 */
async function linkWeights(folder: string, weights: readonly PlacedWeight[]): Promise<void> {
  for (const file of new Set(weights.map(({ from }) => from.file))) {
    const linked = join(folder, basename(file));
    try {
      await link(await realpath(file), linked);
    } catch (cause) {
      if (await isSameFile(file, linked)) continue;
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      const reason = code === 'EEXIST' ? 'another file of that name is there' : 'the weights lie on another disk';
      throw new UserError(
        'output-unwritable',
        `${linked} cannot be linked: ${code === 'EEXIST' || code === 'EXDEV' ? reason : whyNotWritten(cause)}. ` +
          'Use --self-contained, which copies the weights.',
        { cause },
      );
    }
  }
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(a), stat(b).catch(() => undefined)]);
  return first.ino === second?.ino && first.dev === second.dev;
}

/** Copies each weight to its place. */
async function copyWeights(folder: string, weights: readonly PlacedWeight[]): Promise<void> {
  const [first] = weights;
  if (first === undefined) return;
  const target = await open(join(folder, first.to.location), 'w');
  try {
    const buffer = Buffer.alloc(1024 * 1024);
    for (const file of new Set(weights.map(({ from }) => from.file))) {
      const source = await open(file, 'r');
      try {
        for (const { from, to } of weights) {
          if (from.file !== file) continue;
          for (let at = 0; at < from.sizeBytes; ) {
            const length = Math.min(buffer.length, from.sizeBytes - at);
            const { bytesRead } = await source.read(buffer, 0, length, from.offset + at);
            if (bytesRead === 0) throw new Error(`${file} ends early`);
            await target.write(buffer, 0, bytesRead, to.offset + at);
            at += bytesRead;
          }
        }
      } finally {
        await source.close();
      }
    }
  } finally {
    await target.close();
  }
}
