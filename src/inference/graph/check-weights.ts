import { WeightsMismatchError } from '../../errors.ts';
import type { Weights } from '../safetensors/open-weights.ts';
import type { BuiltGraph } from './graph-builder.ts';
import { weightDataTypes } from './parameters.ts';

/** Buffers that older transformers wrote into checkpoints and newer ones compute; they carry no weights. */
const ignoredKeys = /(^|\.)position_ids$/;

/**
 * Compares a network's graphs with its checkpoint: every tensor that the config implies is there, in its shape, as
 * floating point, and nothing else is.
 * @param where the checkpoint, for the message
 * @throws WeightsMismatchError all missing, unused and wrong tensors together
 */
export function checkWeights(where: string, weights: Weights, graphs: readonly Pick<BuiltGraph, 'expected'>[]): void {
  const expected = new Map(graphs.flatMap((graph) => [...graph.expected]));
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [key, shape] of expected) {
    const entry = weights.get(key);
    if (entry === undefined) missing.push(`${key} [${shape.join(', ')}]`);
    else if (entry.shape.join() !== shape.join()) {
      wrong.push(`${key} is [${entry.shape.join(', ')}], should be [${shape.join(', ')}]`);
    } else if (weightDataTypes[entry.dtype] === undefined)
      wrong.push(`${key} is ${entry.dtype}, should be F32, F16 or BF16`);
  }
  const unused = [...weights.keys()].filter((key) => !expected.has(key) && !ignoredKeys.test(key));
  if (missing.length + wrong.length + unused.length === 0) return;
  const details = { missing: missing.length, wrong: wrong.length, unused: unused.length };
  const prefix = foreignPrefix([...expected.keys()], weights);
  if (prefix !== undefined) {
    throw new WeightsMismatchError('weights-mismatch', `${where}: ${prefix}`, { details });
  }
  const lines = [list('missing', missing), list('wrong', wrong), list('not in the config', unused)].flat();
  throw new WeightsMismatchError('weights-mismatch', `${where} does not fit its config:\n${lines.join('\n')}`, {
    details,
  });
}

/** What stands before names in a checkpoint that was saved in another way. */
const prefixes: Readonly<Record<string, string>> = {
  'module.': "torch's DataParallel puts it there: save the network inside it (model.module)",
  'unet.': 'a whole pipeline was saved: save its UNet alone (pipe.unet.save_pretrained)',
  '_orig_mod.': 'torch.compile puts it there: save the network inside it (model._orig_mod)',
};

/** What begins the names of Stability's single-file checkpoints. */
const singleFilePrefixes = ['model.diffusion_model.', 'first_stage_model.', 'conditioner.embedders.'];

/** Says by which prefix all of a checkpoint's names differ from those expected; undefined where they differ otherwise. */
function foreignPrefix(expected: readonly string[], weights: Weights): string | undefined {
  const [first] = expected;
  if (first === undefined || expected.some((key) => weights.has(key))) return undefined;
  const names = [...weights.keys()];
  const singleFile = singleFilePrefixes.find((prefix) => names.some((name) => name.startsWith(prefix)));
  if (singleFile !== undefined) {
    return (
      `tensors are named ${singleFile}…, as in the single files that Stability and ComfyUI use. ` +
      'Such a file is taken as a whole: name the file itself (MODEL_DIR=FILE.safetensors or --model FILE.safetensors).'
    );
  }
  const found = names.find((name) => name.endsWith(`.${first}`));
  const prefix = found?.slice(0, -first.length);
  if (prefix === undefined || !expected.every((key) => weights.has(prefix + key))) return undefined;
  const reason = prefixes[prefix] ?? 'save the network itself, not something that holds it';
  return `every tensor's name begins with "${prefix}", which does not belong there: ${reason}, or rename the tensors.`;
}

function list(title: string, entries: readonly string[]): string[] {
  return entries.map((entry) => `  ${title}: ${entry}`);
}
