import { encodeGraph, type WeightRange } from '../graph/compile-graph.ts';
import type { BuiltGraph, GraphTarget } from '../graph/graph-builder.ts';
import { buildNetwork, clipRequests, type NetworkRequest, networkTarget } from './build-network.ts';
import type { ModelConfigs } from './load-model.ts';
import type { GuidanceBatch, ImageToVideoSettings } from './types.ts';

/** A network of a clip as a file, and the weights that the file points to. */
export interface ExportedNetwork {
  /** Such as `unet/step.onnx`; folders are those of diffusers' layout. */
  path: string;
  /** ONNX `ModelProto` bytes. */
  model: Uint8Array;
  /** The weights in the files that the model names, in the order of its initializers. */
  weights: readonly PlacedWeight[];
  inputs: BuiltGraph['inputs'];
  outputs: BuiltGraph['outputs'];
}

/** A weight's bytes, and where the model looks for them: in a file beside it. */
export interface PlacedWeight {
  from: WeightRange;
  to: { location: string; offset: number };
}

/** What the networks are written for. */
export interface ExportOptions {
  target: GraphTarget;
  guidanceBatch?: GuidanceBatch | undefined;
  /**
   * Where the model at `path` finds a weight, beside itself.
   * Called once for each weight of a network, in the order of its initializers.
   */
  place: (path: string, range: WeightRange) => { location: string; offset: number };
}

/** Each network's file, in diffusers' folders. */
const paths: Readonly<Record<NetworkRequest['network'], string>> = {
  'image-encoder': 'image_encoder/model.onnx',
  'vae-encoder': 'vae/encoder.onnx',
  'vae-decoder': 'vae/decoder.onnx',
  'unet-conditioning': 'unet/conditioning.onnx',
  'unet-step': 'unet/step.onnx',
};

/**
 * The networks of one clip as ONNX models, one after another; nothing is loaded or written.
 * @param settings the clip's size, frames, decode chunk and guidance decide the shapes
 * @throws SafetensorsError | WeightsMismatchError a checkpoint is missing, broken, or of another model
 */
export async function* exportNetworks(
  configs: ModelConfigs,
  settings: Omit<ImageToVideoSettings, 'seed'>,
  { target, guidanceBatch, place }: ExportOptions,
): AsyncGenerator<ExportedNetwork> {
  for (const request of clipRequests(configs, settings, guidanceBatch)) {
    const graph = await buildNetwork(configs, request, networkTarget(request, configs, target));
    const path = paths[request.network];
    const weights: PlacedWeight[] = [];
    const model = encodeGraph(graph, (from) => {
      const to = place(path, from);
      weights.push({ from, to });
      return to;
    });
    yield { path, model, weights, inputs: graph.inputs, outputs: graph.outputs };
  }
}
