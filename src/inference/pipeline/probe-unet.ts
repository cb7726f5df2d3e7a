import type { Precision } from '../graph/graph-builder.ts';
import { crossAttentionDim, type UnetConfig } from '../models/unet-config.ts';
import { buildUnetGraphs, type UnetSizes } from '../models/unet-spatio-temporal-condition-model.ts';
import { vaeScaleFactor } from '../models/vae-config.ts';
import { randomTensors } from '../random/random-weights.ts';
import { torchGenerator } from '../random/torch-generator.ts';
import { chooseProvider } from '../runtime/choose-provider.ts';
import type { ConcreteProvider } from '../runtime/session.ts';
import type { Weights } from '../safetensors/open-weights.ts';
import { modelTarget } from './build-network.ts';
import { requireOutput, withSession } from './guard-networks.ts';
import { type ModelConfigs, readModelConfigs } from './load-model.ts';
import { modelInfo } from './model-info.ts';
import { modelNetworks } from './networks.ts';
import type { CudaGraph } from './types.ts';

/** What is to be tried. */
export interface UnetProbeRequest {
  /** A small model: a UNet of its kind is run twice in the shape of its default clip, see {@link probeUnet}. */
  modelDir: string;
  provider: ConcreteProvider;
  precision: Precision;
  threads?: number | undefined;
  cudaGraph?: CudaGraph | undefined;
}

/** What a provider made of a UNet call. */
export interface UnetProbe {
  /** The prediction, [frames, c, h, w]; the same for every provider but for rounding. */
  output: Float32Array;
  /** Seconds until the network was loaded. */
  loadSeconds: number;
  /** Seconds of the second call: the first one may still compile. */
  callSeconds: number;
}

/**
 * Runs a UNet of a model's kind on fixed numbers, so that providers can be compared. Its weights are random: what comes of
 * rounding is then small in every model, also in one whose own weights do not bear half precision.
 * @throws InferenceError the provider does not work here
 * @throws ConfigError | SafetensorsError | WeightsMismatchError the model cannot be read
 */
export async function probeUnet(request: UnetProbeRequest): Promise<UnetProbe> {
  const { modelDir, provider, precision, threads, cudaGraph } = request;
  const own = await readModelConfigs(modelDir);
  await chooseProvider(provider, () => {});
  const { defaults } = modelInfo(own);
  const scale = vaeScaleFactor(own.vae);
  const size = { width: Math.ceil(defaults.width / scale), height: Math.ceil(defaults.height / scale) };
  const sizes = { batch: 1, frames: defaults.numFrames, ...size };
  const configs = withRandomUnet(own, sizes);
  const networks = modelNetworks(configs, {
    target: () => modelTarget({ provider, precision, cudaGraph }),
    // A node that falls back to the CPU would hide a missing kernel.
    session: { provider, threads, wholly: provider !== 'cpu' },
    memoryMode: 'model-offload',
  });
  const generator = torchGenerator(1);
  return withSession(networks.open({ network: 'unet-conditioning', ...sizes }), async (conditioner) => {
    const conditioning = await conditioner.run({
      encoder_hidden_states: generator.randn(crossAttentionDim(configs.unet)),
      added_time_ids: Float32Array.of(defaults.fps - 1, defaults.motionBucketId, defaults.noiseAugStrength),
    });
    const sample = generator.randn(sizes.frames * configs.unet.in_channels * size.height * size.width);
    const inputs = { ...conditioning, sample, timestep: Float32Array.of(0.5) };
    const startMs = performance.now();
    // WebGPU's compiled shaders last as long as any of its sessions: the first, which is small, stays until the end.
    return withSession(networks.open({ network: 'unet-step', ...sizes }), async (session) => {
      const loadedMs = performance.now();
      await session.run(inputs);
      const warmMs = performance.now();
      const { out_sample } = await session.run(inputs);
      return {
        output: requireOutput(out_sample),
        loadSeconds: (loadedMs - startMs) / 1000,
        callSeconds: (performance.now() - warmMs) / 1000,
      };
    });
  });
}

/** A model whose UNet has random weights in half precision, the same every time; its other networks have none. */
export function withRandomUnet(configs: ModelConfigs, sizes: UnetSizes): ModelConfigs {
  return { ...configs, weights: { unet: randomUnet(configs.unet, sizes), vae: new Map(), image_encoder: new Map() } };
}

function randomUnet(config: UnetConfig, sizes: UnetSizes): Weights {
  const source = { weights: new Map(), target: { provider: 'cpu', precision: 'float32' } } as const;
  const { conditioning, step } = buildUnetGraphs(config, sizes, source);
  const tensorOf = randomTensors(1);
  const tensors = [...new Map([...conditioning.expected, ...step.expected])].map(([name, shape]) => {
    const bytes = new Uint8Array(tensorOf(name, shape).buffer);
    return { name, dtype: 'F16', shape, file: '', offset: 0, sizeBytes: bytes.length, bytes } as const;
  });
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}
