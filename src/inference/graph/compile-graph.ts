import { basename, dirname } from 'node:path';
import { GraphError } from '../../errors.ts';
import { encodeModel } from '../onnx/encode-model.ts';
import type { OnnxInitializer } from '../onnx/types.ts';
import type { BuiltGraph } from './graph-builder.ts';

/** Bytes of a weight in a file. */
export interface WeightRange {
  file: string;
  offset: number;
  sizeBytes: number;
}

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
  const model = encodeGraph(graph, ({ file, offset }) => {
    folders.add(dirname(file));
    return { location: basename(file), offset };
  });
  if (folders.size > 1) {
    const where = [...folders].join(', ');
    throw new GraphError('weights-scattered', `The weights of ${graph.name} must lie in one folder, not in ${where}.`);
  }
  const { name, nodes, inputs, outputs } = graph;
  const constants = new Set(graph.initializers.map((initializer) => initializer.name));
  const castsWeights = nodes.some(
    ({ opType, inputs: [first = ''] }) =>
      (opType === 'Cast' && constants.has(first)) || (opType === 'Add' && constants.has(first)),
  );
  return { name, model, weightsFolder: [...folders][0], castsWeights, inputs, outputs };
}

/**
 * Writes a graph as ONNX `ModelProto` bytes.
 * @param locate where a weight lies, as a path beside the model and an offset in bytes; called once for each, in the
 * order of the initializers
 */
export function encodeGraph(
  { name, nodes, initializers, inputs, outputs }: BuiltGraph,
  locate: (range: WeightRange) => { location: string; offset: number },
): Uint8Array {
  const located = initializers.map(({ data, ...rest }): OnnxInitializer => {
    if (data.kind === 'raw') return { ...rest, data };
    return { ...rest, data: { kind: 'external', ...locate(data), sizeBytes: data.sizeBytes } };
  });
  return encodeModel({ name, nodes, initializers: located, inputs, outputs });
}
