import { AppError } from '../errors.ts';
import { findModel } from '../hub/find-model.ts';
import { buildNetwork, type NetworkRequest } from '../inference/pipeline/build-network.ts';
import { type ModelConfigs, readModelConfigs } from '../inference/pipeline/load-model.ts';
import { modelInfo } from '../inference/pipeline/model-info.ts';
import type { CheckpointName } from '../inference/pipeline/open-checkpoint.ts';
import { findNonFinite } from '../inference/safetensors/find-non-finite.ts';
import type { TensorEntry } from '../inference/safetensors/read-safetensors.ts';
import { readCommandLine, showHelp } from './command-line.ts';
import type { CliIo } from './io.ts';
import { configuredModel } from './locate-model.ts';
import { type Checkpoint, formatParameters, networkNames, readCheckpoint } from './read-checkpoints.ts';
import { textTable } from './text-table.ts';

const line = {
  name: 'kinora model check',
  usage: '[DIR] [--full]',
  words: '[model]',
  about:
    'Holds the weights of a model folder against its configs: every tensor that they imply must be there, in its shape, ' +
    'and no other. Values are sampled for NaN and infinity. Exit code 1 if anything is wrong.',
  options: { full: { help: 'look at every value, not at a sample' } },
  notes: 'Without DIR: MODEL_DIR, else the only model that was downloaded, else the demo model.',
} as const;

/** More lines than this about one network help nobody. */
const maxLines = 40;

/** A network's verdict: what is wrong, a line each. */
interface Verdict {
  network: CheckpointName;
  checkpoint: Checkpoint | undefined;
  sampledValues: number;
  problems: string[];
}

/** `kinora model check`: whether a model folder can work. */
export async function run(argv: string[], io: CliIo): Promise<number> {
  const given = readCommandLine(line, argv);
  if (given === undefined) return showHelp(line, io);
  const model = given.words[0] ?? (await configuredModel(io));
  return checkModelFolder(await findModel(model, io), io, given.values.full);
}

/**
 * Checks a model folder and writes the verdict; 0: it can work, 1: it can't.
 * @param full looks at every value, not at a sample
 * @throws ConfigError the folder is not a Stable Video Diffusion model, or a config is missing or wrong
 */
export async function checkModelFolder(modelDir: string, io: CliIo, full: boolean): Promise<number> {
  const configs = await readModelConfigs(modelDir);
  const verdicts = await checkNetworks(configs, io.signal, full);
  const rows = verdicts.map(({ network, checkpoint, sampledValues, problems }) => [
    network,
    problems.length === 0 ? 'ok' : 'WRONG',
    checkpoint === undefined ? '' : `${checkpoint.weights.size} tensors`,
    checkpoint === undefined ? '' : formatParameters(checkpoint.parameters),
    `${sampledValues.toLocaleString('en')} values looked at`,
  ]);
  io.stdout.write(`${configs.dir}\n${textTable(rows, [2, 3, 4])}`);
  const notes = [configs.notes, ...verdicts.map(({ checkpoint }) => checkpoint?.notes ?? [])].flat();
  for (const note of notes) io.stdout.write(`  ${note}\n`);
  const wrong = verdicts.filter(({ problems }) => problems.length > 0);
  for (const { network, problems } of wrong) io.stdout.write(`\n${network}:\n${list(problems)}`);
  return wrong.length === 0 ? 0 : 1;
}

/**
 * Holds each network's weights against its config.
 * @param full looks at every value, not at a sample
 */
export async function checkNetworks(configs: ModelConfigs, signal: AbortSignal, full: boolean): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const network of networkNames) {
    signal.throwIfAborted();
    verdicts.push(await checkNetwork(configs, network, full));
  }
  return verdicts;
}

async function checkNetwork(configs: ModelConfigs, network: CheckpointName, full: boolean): Promise<Verdict> {
  const verdict: Verdict = { network, checkpoint: undefined, sampledValues: 0, problems: [] };
  try {
    verdict.checkpoint = await readCheckpoint(configs, network);
    await buildNetwork(configs, smallestRequest(configs, network), { provider: 'cpu', precision: 'float32' });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // The first line names the checkpoint, which stands above the list already.
    const [first = '', ...lines] = error.message.split('\n').map((line) => line.trim());
    verdict.problems.push(...(lines.length === 0 ? [first] : lines));
  }
  if (verdict.checkpoint !== undefined) await sampleValues(verdict.checkpoint, verdict, full);
  return verdict;
}

async function sampleValues({ weights }: Checkpoint, verdict: Verdict, everything: boolean): Promise<void> {
  const tensorsOf = new Map<string, TensorEntry[]>();
  for (const entry of weights.values()) {
    const tensors = tensorsOf.get(entry.file) ?? [];
    tensors.push(entry);
    tensorsOf.set(entry.file, tensors);
  }
  for (const [file, tensors] of tensorsOf) {
    const onTensor = ({ name }: TensorEntry, { values, nonFinite }: { values: number; nonFinite: number }) => {
      verdict.sampledValues += values;
      if (nonFinite > 0) verdict.problems.push(`not finite: ${name}, ${nonFinite} of ${values} values`);
    };
    await findNonFinite(file, tensors, { everything, onTensor });
  }
}

/** Any shape serves: what a checkpoint must hold does not depend on it. */
function smallestRequest(configs: ModelConfigs, network: CheckpointName): NetworkRequest {
  const { minSize: side, sizeStep } = modelInfo(configs).limits;
  const latents = { frames: 1, width: side / sizeStep, height: side / sizeStep };
  if (network === 'image_encoder') return { network: 'image-encoder' };
  if (network === 'vae') return { network: 'vae-decoder', ...latents };
  return { network: 'unet-step', batch: 1, ...latents };
}

function list(problems: readonly string[]): string {
  const shown = problems.slice(0, maxLines);
  const more = problems.length - shown.length;
  return [...shown, ...(more > 0 ? [`… and ${more} more`] : [])].map((line) => `  ${line}\n`).join('');
}
