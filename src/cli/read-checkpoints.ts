import type { ModelConfigs } from '../inference/pipeline/load-model.ts';
import { type CheckpointName, checkpointBaseNames, openCheckpoint } from '../inference/pipeline/open-checkpoint.ts';
import type { Weights } from '../inference/safetensors/open-weights.ts';
import type { TensorEntry } from '../inference/safetensors/read-safetensors.ts';

/** A network's checkpoint: its headers, without a value read. */
export interface Checkpoint {
  /** The network's folder in the model folder. */
  network: CheckpointName;
  weights: Weights;
  /** What had to be taken instead of what is usual. */
  notes: readonly string[];
  parameters: number;
  /** As the file names them, e.g. `F16`; more than one where a file mixes them. */
  dtypes: string[];
  /** Of the tensors; the file has its header besides. */
  sizeBytes: number;
}

export const networkNames = Object.keys(checkpointBaseNames) as CheckpointName[];

/**
 * Reads the headers of one network of a model.
 * @throws SafetensorsError there are no weights, or a file breaks the format
 */
export async function readCheckpoint(configs: ModelConfigs, network: CheckpointName): Promise<Checkpoint> {
  const { weights, notes } = await openCheckpoint(configs, network);
  const tensors = [...weights.values()];
  return {
    network,
    weights,
    notes,
    parameters: sum(tensors.map(parameterCount)),
    dtypes: [...new Set(tensors.map(({ dtype }) => dtype))].sort(),
    sizeBytes: sum(tensors.map(({ sizeBytes }) => sizeBytes)),
  };
}

/** `1,524.6 M`, `0.27 M`. */
export function formatParameters(count: number): string {
  const millions = count / 1e6;
  const digits = millions < 10 ? 2 : 1;
  return `${millions.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })} M`;
}

function parameterCount({ shape }: TensorEntry): number {
  return shape.reduce((product, size) => product * size, 1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
