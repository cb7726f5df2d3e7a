import { findModel } from '../hub/find-model.ts';
import { readPullRecord } from '../hub/pull-record.ts';
import { estimateMemory } from '../inference/pipeline/estimate-memory.ts';
import { type ModelConfigs, readModelConfigs } from '../inference/pipeline/load-model.ts';
import { modelInfo } from '../inference/pipeline/model-info.ts';
import { decodeLimit, evenChunk } from '../inference/pipeline/plan-for-card.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import { executionSettings } from '../settings/execution.ts';
import { formatBytes } from '../util/format-bytes.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';
import { configuredModel } from './locate-model.ts';
import { formatParameters, networkNames, readCheckpoint } from './read-checkpoints.ts';
import { textTable } from './text-table.ts';

const line = {
  name: 'kinora model info',
  usage: '[DIR]',
  words: '[model]',
  about: 'Tells what a model folder holds, what it proposes and allows, and what a clip will cost in memory.',
  notes: 'Without DIR: MODEL_DIR, else the only model that was downloaded, else the demo model.',
};

/** `kinora model info`: a model folder, from its configs and headers. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const model = given.words[0] ?? (await configuredModel(io));
  const configs = await readModelConfigs(await findModel(model, io));
  const info = modelInfo(configs);
  const description = info.description === undefined ? '' : `${info.description}\n`;
  io.stdout.write(`${info.name} (${configs.dir})\n${description}`);
  io.stdout.write(`\n${await describeNetworks(configs)}`);
  io.stdout.write(`\n${describeSettings(info)}`);
  io.stdout.write(`\n${await describeMemory(configs, info)}`);
  if (configs.weights === undefined) io.stdout.write(await describeOrigin(configs.dir));
  return 0;
}

async function describeNetworks(configs: ModelConfigs): Promise<string> {
  const checkpoints = await Promise.all(networkNames.map((network) => readCheckpoint(configs, network)));
  const rows = checkpoints.map(({ network, parameters, weights, dtypes, sizeBytes }) => [
    network,
    formatParameters(parameters),
    String(weights.size),
    dtypes.join(', '),
    formatBytes(sizeBytes),
  ]);
  const total = (of: 'parameters' | 'sizeBytes') => checkpoints.reduce((sum, checkpoint) => sum + checkpoint[of], 0);
  const last = ['all', formatParameters(total('parameters')), '', '', formatBytes(total('sizeBytes'))];
  const notes = [configs.notes, ...checkpoints.map((checkpoint) => checkpoint.notes)].flat();
  return (
    textTable([['network', 'parameters', 'tensors', 'dtype', 'size'], ...rows, last], [1, 2, 4]) +
    notes.map((note) => `  ${note}\n`).join('')
  );
}

function describeSettings({ defaults, limits, loop = 'none' }: ModelInfo): string {
  const { width, height, numFrames, numInferenceSteps, minGuidanceScale, maxGuidanceScale, fps } = defaults;
  const guidance = maxGuidanceScale > 1 || minGuidanceScale > 1 ? `${minGuidanceScale} to ${maxGuidanceScale}` : 'none';
  const repeats = loop === 'none' ? '' : `, looped (${loop})`;
  return textTable([
    [
      'by itself',
      `${numFrames} frames of ${width}×${height}, ${numInferenceSteps} steps, guidance ${guidance}, ${fps} fps${repeats}`,
    ],
    [
      'it takes',
      `sides from ${limits.minSize} to ${limits.maxSize} in steps of ${limits.sizeStep}, up to ${limits.maxFrames} frames as trained, more with --frames`,
    ],
  ]);
}

/** What the reckoning leaves out is said: operators' own buffers, and the process. */
async function describeMemory(configs: ModelConfigs, { defaults }: ModelInfo): Promise<string> {
  const { width, height, numFrames, decodeChunkSize } = defaults;
  const chunk = Math.min(decodeChunkSize, numFrames);
  // CUDA's kernels count so many frames of large pictures at most.
  const target = { provider: 'cuda', precision: 'float16' } as const;
  const most = await decodeLimit(configs, defaults, { target, cardBytes: undefined });
  const gpuChunk = evenChunk(numFrames, chunk, most);
  const estimate = (provider: 'cpu' | 'cuda', frames: number) =>
    estimateMemory(configs, { ...defaults, decodeChunkSize: frames }, { provider });
  const [cpu, cpuSingle] = [await estimate('cpu', chunk), await estimate('cpu', 1)];
  const [gpu, gpuSingle] = [await estimate('cuda', gpuChunk), await estimate('cuda', 1)];
  const rows = executionSettings.memoryMode.type.names.map((mode) => [
    mode,
    ...[cpu.denoise, cpu.decode, cpuSingle.decode, gpu.denoise, gpu.decode, gpuSingle.decode].map((stage) => {
      const { weightBytes, activationBytes } = stage[mode];
      return formatBytes(weightBytes + activationBytes);
    }),
  ]);
  const decodes = (frames: number) => [`decode ${frames}`, 'decode 1'];
  const heading = ['MEMORY_MODE', 'CPU denoise', ...decodes(chunk), 'GPU denoise', ...decodes(gpuChunk)];
  const note =
    'decode N: N frames at a time. Operators take up to a third more, on a GPU decoding twice as much; the process itself takes about 0.2 GB.';
  const clip = `${numFrames} frames of ${width}×${height}`;
  const table = textTable([heading, ...rows], [1, 2, 3, 4, 5, 6]);
  return `Memory for such a clip (${clip}), reckoned from the graphs:\n${table}  ${note}\n`;
}

async function describeOrigin(modelDir: string): Promise<string> {
  const { files, licences } = await readPullRecord(modelDir);
  const sources = new Map(Object.values(files).map(({ repo, commit }) => [repo, commit]));
  if (sources.size === 0) return '';
  const rows = [...sources].map(([repo, commit]) => [
    repo,
    `commit ${commit.slice(0, 12)}`,
    licences[repo]?.name ?? '',
  ]);
  return `\nPulled from:\n${textTable(rows)}`;
}
