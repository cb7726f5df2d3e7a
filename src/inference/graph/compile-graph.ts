import { basename, dirname } from 'node:path';
import { GraphError } from '../../errors.ts';
import { encodeModel } from '../onnx/encode-model.ts';
import type { OnnxInitializer } from '../onnx/types.ts';
import type { BuiltGraph } from './graph-builder.ts';

/** A graph as ONNX Runtime takes it: the model's bytes, and the folder whose files its weights lie in. */
export interface CompiledGraph {
  name: string;
  model: Uint8Array;
  /** Undefined where the graph has no weights. */
  weightsFolder: string | undefined;
  /** ONNX Runtime computes on weights while it loads them: it casts them to the graph's type, or adds LoRAs to them. */
  castsWeights: boolean;
  inputs: BuiltGraph['inputs'];
  outputs: BuiltGraph['outputs'];
}

/**
 * Writes a graph as an ONNX model in memory; weights are named by file and offset, not copied. Call `checkWeights`
 * first.
 * @throws GraphError shards of one checkpoint lie in different folders, which ONNX Runtime refuses
 */
export function compileGraph(graph: BuiltGraph): CompiledGraph {
  const folders = new Set<string>();
  const initializers = graph.initializers.map(({ data, ...rest }): OnnxInitializer => {
    if (data.kind === 'raw') return { ...rest, data };
    folders.add(dirname(data.file));
    const { offset, sizeBytes } = data;
    return { ...rest, data: { kind: 'external', location: basename(data.file), offset, sizeBytes } };
  });
  if (folders.size > 1) {
    const where = [...folders].join(', ');
    throw new GraphError('weights-scattered', `The weights of ${graph.name} must lie in one folder, not in ${where}.`);
  }
  const { name, nodes, inputs, outputs } = graph;
  const constants = new Set(initializers.map((initializer) => initializer.name));
  const castsWeights = nodes.some(
    ({ opType, inputs: [first = ''] }) =>
      (opType === 'Cast' && constants.has(first)) || (opType === 'Add' && constants.has(first)),
  );
  const model = encodeModel({ name, nodes, initializers, inputs, outputs });
  return { name, model, weightsFolder: [...folders][0], castsWeights, inputs, outputs };
}
