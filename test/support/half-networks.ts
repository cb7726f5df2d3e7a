import { compileGraph } from '../../src/inference/graph/compile-graph.ts';
import type { GraphTarget } from '../../src/inference/graph/graph-builder.ts';
import {
  buildNetwork,
  modelTarget,
  type NetworkRequest,
  networkTarget,
} from '../../src/inference/pipeline/build-network.ts';
import { decodeLatents } from '../../src/inference/pipeline/decode-latents.ts';
import { denoise, type Stage } from '../../src/inference/pipeline/denoiser.ts';
import { finiteNetworks } from '../../src/inference/pipeline/guard-networks.ts';
import { encodeImages } from '../../src/inference/pipeline/image-to-video.ts';
import { type ModelConfigs, readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { modelNetworks, type Networks } from '../../src/inference/pipeline/networks.ts';
import type { CudaGraph, ImageToVideoSettings } from '../../src/inference/pipeline/types.ts';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import { openSession } from '../../src/inference/runtime/session.ts';
import { createScheduler } from '../../src/inference/schedulers/create-scheduler.ts';
import type { RgbPicture } from '../../src/util/rgb.ts';
import { expandContrib } from './expand-contrib.ts';
import { inFloat32 } from './half-precision.ts';

/** How a clip's networks are made. */
export type ClipNetworks =
  | 'float32'
  | {
      /** As CUDA gets them in float16, every operator's output rounded to it. */
      cudaGraph: CudaGraph;
      /** What a network is built for in place of what it should be. */
      targetOf?: (request: NetworkRequest, target: GraphTarget) => GraphTarget;
    };

/** A network of `cudaGraph`'s form, rounded to float16 wherever the card would store it. */
function halfNetworks(configs: ModelConfigs, { cudaGraph, targetOf }: Exclude<ClipNetworks, 'float32'>): Networks {
  const base = modelTarget({ provider: 'cuda', precision: 'float16', cudaGraph });
  return {
    async open(request) {
      const right = networkTarget(request, configs, base);
      const graph = await buildNetwork(configs, request, targetOf?.(request, right) ?? right);
      const compiled = compileGraph(inFloat32(expandContrib(graph), { rounded: true }));
      // ONNX Runtime runs the graph as it is written: to rewrite it gains nothing in one call.
      return openSession({ ...compiled, castsWeights: false }, { provider: 'cpu', threads: 1, mapped: true });
    },
    release: async () => {},
  };
}

/**
 * A whole clip by the pipeline's own stages.
 * @returns the frames one after another, and what was logged
 */
export async function clipOf(
  modelDir: string,
  how: ClipNetworks,
  { picture, settings }: { picture: RgbPicture; settings: ImageToVideoSettings },
): Promise<{ frames: Float32Array; lines: string[] }> {
  const configs = await readModelConfigs(modelDir);
  const target = { provider: 'cpu', precision: 'float32' } as const;
  const networks =
    how === 'float32'
      ? modelNetworks(configs, {
          target: () => target,
          // Hardly rewritten, as those in half precision: each is called a few times.
          session: { provider: 'cpu', threads: 1, mapped: true },
          memoryMode: 'model-offload',
        })
      : halfNetworks(configs, how);
  const lines: string[] = [];
  const job = {
    configs,
    networks: finiteNetworks(networks, () => undefined),
    provider: 'cpu',
    precision: how === 'float32' ? 'float32' : 'float16',
    guidanceBatch: 'batched',
    log: (line: string) => lines.push(line),
    picture: picture,
    settings,
    signal: undefined,
  } as const;
  const step = () => ({ stage: 'denoise', step: 0, steps: 0, secondsPerStep: undefined }) as const;
  const generator = torchGenerator(settings.seed);
  const scheduler = createScheduler(settings.sampler, configs.scheduler, settings);
  const conditions = await finish(encodeImages({ ...job }, { generator, step }));
  const latents = await finish(denoise(job, { generator, scheduler, conditions, step }));
  const { frames } = await finish(decodeLatents(job, { latents, step }));
  return { frames: Float32Array.from(Buffer.concat(frames)), lines };
}

async function finish<Result>(stage: Stage<Result>): Promise<Result> {
  for (;;) {
    const next = await stage.next();
    if (next.done === true) return next.value;
  }
}
