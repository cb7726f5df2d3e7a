import { WeightsMismatchError } from '../../errors.ts';
import type { Weights } from '../safetensors/open-weights.ts';
import type { BuiltGraph } from './graph-builder.ts';

/** Buffers that older transformers wrote into checkpoints and newer ones compute; they carry no weights. */
const ignoredKeys = /(^|\.)position_ids$/;

const usableTypes = new Set(['F32', 'F16', 'BF16']);

/**
 * Holds a network's graphs against its checkpoint: every tensor that the config implies is there, in its shape, as
 * floating point, and nothing else is.
 * @param where the checkpoint, for the message
 * @throws WeightsMismatchError all missing, unused and wrong tensors together
 */
export function checkWeights(where: string, weights: Weights, graphs: readonly BuiltGraph[]): void {
  const expected = new Map(graphs.flatMap((graph) => [...graph.expected]));
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [key, shape] of expected) {
    const entry = weights.get(key);
    if (entry === undefined) missing.push(`${key} [${shape.join(', ')}]`);
    else if (entry.shape.join() !== shape.join()) {
      wrong.push(`${key} is [${entry.shape.join(', ')}], should be [${shape.join(', ')}]`);
    } else if (!usableTypes.has(entry.dtype)) wrong.push(`${key} is ${entry.dtype}, should be F32, F16 or BF16`);
  }
  const unused = [...weights.keys()].filter((key) => !expected.has(key) && !ignoredKeys.test(key));
  if (missing.length + wrong.length + unused.length === 0) return;
  const lines = [list('missing', missing), list('wrong', wrong), list('not in the config', unused)].flat();
  throw new WeightsMismatchError('weights-mismatch', `${where} does not fit its config:\n${lines.join('\n')}`, {
    details: { missing: missing.length, wrong: wrong.length, unused: unused.length },
  });
}

function list(title: string, entries: readonly string[]): string[] {
  return entries.map((entry) => `  ${title}: ${entry}`);
}
