import { join } from 'node:path';
import { checkWeights } from '../graph/check-weights.ts';
import { compileGraph } from '../graph/compile-graph.ts';
import { type BuiltGraph, buildGraph } from '../graph/graph-builder.ts';
import { clipVisionModelWithProjection } from '../models/clip-vision-model-with-projection.ts';
import { buildUnetGraphs, type UnetSizes } from '../models/unet-spatio-temporal-condition-model.ts';
import { vaeScaleFactor } from '../models/vae-config.ts';
import { vaeEncoder } from '../models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../models/vae-temporal-decoder.ts';
import { type ConcreteProvider, type NetworkSession, openSession } from '../runtime/session.ts';
import { openWeights, type Weights } from '../safetensors/open-weights.ts';
import type { ModelConfigs } from './load-model.ts';

/** Opens a model's networks, each in the shape asked for; whoever opens one releases it. */
export interface Networks {
  /** `pixel_values` -> `image_embeds`. */
  imageEncoder(): Promise<NetworkSession>;
  /** `sample` [1, 3, height, width] -> `latents`; sizes in pixels. */
  vaeEncoder(sizes: { width: number; height: number }): Promise<NetworkSession>;
  /** `z` [frames, …] -> `sample`; sizes in latents. */
  vaeDecoder(sizes: { frames: number; width: number; height: number }): Promise<NetworkSession>;
  /** `encoder_hidden_states`, `added_time_ids` -> what the step takes besides. */
  unetConditioning(sizes: UnetSizes): Promise<NetworkSession>;
  /** `sample`, `timestep` and the conditioning -> `out_sample`. */
  unetStep(sizes: UnetSizes): Promise<NetworkSession>;
}

/**
 * The networks of a model on one provider. A checkpoint's header is read, and held against the config, when one of its
 * networks is opened.
 */
export function modelNetworks(
  configs: ModelConfigs,
  options: { provider: ConcreteProvider; threads?: number | undefined },
): Networks {
  const target = { provider: options.provider, precision: 'float32' } as const;

  async function open(
    network: keyof typeof weightNames,
    build: (weights: Weights) => { graphs: BuiltGraph[]; wanted: BuiltGraph },
  ): Promise<NetworkSession> {
    const folder = join(configs.dir, network);
    const weights = await openWeights(folder, weightNames[network]);
    const { graphs, wanted } = build(weights);
    checkWeights(folder, weights, graphs);
    return openSession(compileGraph(wanted), options);
  }

  /** The VAE's two networks share a checkpoint: both are built, so that every tensor is accounted for. */
  function vaeGraphs(
    weights: Weights,
    { frames, width, height }: { frames: number; width: number; height: number },
  ): { encoder: BuiltGraph; decoder: BuiltGraph } {
    const scale = vaeScaleFactor(configs.vae);
    const pixels = { width: width * scale, height: height * scale };
    return {
      encoder: buildGraph('vae-encoder', { weights, target }, (graph) => vaeEncoder(graph, configs.vae, pixels)),
      decoder: buildGraph('vae-decoder', { weights, target }, (graph) =>
        vaeTemporalDecoder(graph, configs.vae, { frames, width, height }),
      ),
    };
  }

  return {
    imageEncoder: () =>
      open('image_encoder', (weights) => {
        const wanted = buildGraph('image-encoder', { weights, target }, (graph) =>
          clipVisionModelWithProjection(graph, configs.imageEncoder),
        );
        return { graphs: [wanted], wanted };
      }),
    vaeEncoder: ({ width, height }) =>
      open('vae', (weights) => {
        const scale = vaeScaleFactor(configs.vae);
        const { encoder, decoder } = vaeGraphs(weights, { frames: 1, width: width / scale, height: height / scale });
        return { graphs: [encoder, decoder], wanted: encoder };
      }),
    vaeDecoder: (sizes) =>
      open('vae', (weights) => {
        const { encoder, decoder } = vaeGraphs(weights, sizes);
        return { graphs: [encoder, decoder], wanted: decoder };
      }),
    unetConditioning: (sizes) =>
      open('unet', (weights) => {
        const { conditioning, step } = buildUnetGraphs(configs.unet, sizes, { weights, target });
        return { graphs: [conditioning, step], wanted: conditioning };
      }),
    unetStep: (sizes) =>
      open('unet', (weights) => {
        const { conditioning, step } = buildUnetGraphs(configs.unet, sizes, { weights, target });
        return { graphs: [conditioning, step], wanted: step };
      }),
  };
}

/** The base names of the weight files, as diffusers and transformers write them. */
const weightNames = {
  image_encoder: 'model',
  vae: 'diffusion_pytorch_model',
  unet: 'diffusion_pytorch_model',
} as const;
