import { elementCount } from '../../src/inference/graph/value.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { type CheckpointName, checkpointBaseNames } from '../../src/inference/pipeline/open-checkpoint.ts';
import { randomTensors } from '../../src/inference/random/random-weights.ts';
import { checkpointGraphs } from '../half-range/random-model.ts';
import { writeTensors } from '../half-range/write-tensors.ts';

/** The networks that have weights. */
export const weightNames = Object.keys(checkpointBaseNames) as CheckpointName[];

/** Writes random weights in half precision for one network of a folder that holds SVD's configs; the same every time. */
export async function makeWeights(folder: string, name: CheckpointName): Promise<{ tensors: number; bytes: number }> {
  const file = `${name}/${checkpointBaseNames[name]}`;
  const graphs = checkpointGraphs(await readModelConfigs(folder))[file] ?? [];
  const expected = new Map(graphs.flatMap((graph) => [...graph.expected]));
  writeTensors(`${folder}/${file}.fp16.safetensors`, expected, randomTensors(weightNames.indexOf(name) + 1));
  const values = [...expected.values()].reduce((sum, shape) => sum + elementCount(shape), 0);
  return { tensors: expected.size, bytes: 2 * values };
}
